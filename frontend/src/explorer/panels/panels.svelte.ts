/** Sizes of the panels around the tree and whether they are folded: remembered on this device, for every run. */

export type PanelName = 'outline' | 'inspector' | 'charts'

interface PanelState {
  open: boolean
  size: number
}

const key = 'espalier.explorer.panels'
const limits: Record<PanelName, [least: number, most: number]> = {
  outline: [180, 720],
  inspector: [280, 960],
  charts: [140, 800],
}
const narrow = 860

function remembered(): Partial<Record<PanelName, PanelState>> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{}')
  } catch {
    return {}
  }
}

export class Panels {
  // A larger window gives the panels some of what it has more, until they are comfortable.
  outline = $state<PanelState>({ open: true, size: between(280, 0.14 * window.innerWidth, 460) })
  inspector = $state<PanelState>({ open: true, size: between(364, 0.18 * window.innerWidth, 620) })
  charts = $state<PanelState>({ open: window.innerHeight >= 820, size: between(236, 0.2 * window.innerHeight, 380) })
  /** On a narrow page panels are sheets over the tree, one at a time, and closed at first. */
  narrow = $state(false)
  sheet = $state<PanelName | null>(null)

  constructor() {
    const saved = remembered()
    for (const name of ['outline', 'inspector', 'charts'] as const) {
      const panel = saved[name]
      if (panel) this[name] = { open: panel.open, size: within(name, panel.size) }
    }
    this.measure()
  }

  measure(): void {
    this.narrow = window.innerWidth < narrow
  }

  shows(name: PanelName): boolean {
    return this.narrow ? this.sheet === name : this[name].open
  }

  toggle(name: PanelName): void {
    if (this.narrow) {
      this.sheet = this.sheet === name ? null : name
      return
    }
    this[name].open = !this[name].open
    this.remember()
  }

  resize(name: PanelName, size: number): void {
    this[name].size = within(name, size)
    this.remember()
  }

  private remember(): void {
    try {
      localStorage.setItem(
        key,
        JSON.stringify({ outline: this.outline, inspector: this.inspector, charts: this.charts }),
      )
    } catch {
      // Without storage the sizes simply last as long as the page.
    }
  }
}

function within(name: PanelName, size: number): number {
  const [least, most] = limits[name]
  return between(least, size, most)
}

const between = (least: number, size: number, most: number): number => Math.round(Math.min(most, Math.max(least, size)))
