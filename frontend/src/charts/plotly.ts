/**
 * Loads Plotly's basic bundle (lines, bars, pies), when the first chart is drawn and not before. Measured on two cores: it
 * keeps the page from drawing for 0.3 s while it starts, the cartesian bundle for 0.6 s, the whole library for 1.3 s. It
 * has no WebGL, and so none of the code made from strings that a strict Content-Security-Policy forbids.
 *
 * Plotly writes its rules into the element with the id below, and makes a <style> for them where there is none; that would
 * break our Content-Security-Policy. So the element is there before: a <link> to a sheet that we serve, into which scripts
 * may insert rules. The map library inside the bundle adds a <style> of its own unless an element with its id exists; there
 * are no maps here, so an empty one holds the place.
 */
import rules from './plotly-rules.css?url'

const STYLE_ID = 'plotly.js-style-global'
const MAP_STYLE_ID = '9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53'

export interface Figure {
  data: unknown[]
  layout: Record<string, unknown>
}

export interface Plotly {
  react(target: HTMLElement, data: unknown[], layout: object, config: object): Promise<unknown>
  purge(target: HTMLElement): void
  Plots: { resize(target: HTMLElement): Promise<unknown> }
}

let loading: Promise<Plotly> | undefined

function holdMapStyles(): void {
  const place = document.createElement('meta')
  place.id = MAP_STYLE_ID
  document.head.append(place)
}

function linkRules(): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link')
    link.id = STYLE_ID
    link.rel = 'stylesheet'
    link.href = rules
    link.onload = () => resolve()
    link.onerror = () => reject(new Error('The style sheet of the charts could not be loaded. Reload the page.'))
    document.head.append(link)
  })
}

async function load(): Promise<Plotly> {
  holdMapStyles()
  await linkRules()
  const bundle = await import('plotly.js-basic-dist-min')
  return bundle.default
}

/** Plotly, loaded once; a failed load may be tried again. */
export function loadPlotly(): Promise<Plotly> {
  loading ??= load().catch((thrown: unknown) => {
    loading = undefined
    document.getElementById(STYLE_ID)?.remove()
    document.getElementById(MAP_STYLE_ID)?.remove()
    throw thrown
  })
  return loading
}
