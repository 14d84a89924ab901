// Mounts one Svelte island per placeholder that Django's {% island "name" props %} left in the page.
import './design/base.css'
import { type Component, mount } from 'svelte'
import Toasts from './design/Toasts.svelte'
import { startThemeToggle } from './design/theme'

type IslandModule = { default: Component<Record<string, unknown>> }

const islands = import.meta.glob<IslandModule>(['./pages/*/Page.svelte', './explorer/Explorer.svelte'])

function pathOf(name: string): string {
  return name === 'explorer' ? './explorer/Explorer.svelte' : `./pages/${name}/Page.svelte`
}

/** The props that Django put beside the placeholder with json_script. */
function propsOf(target: HTMLElement): Record<string, unknown> {
  const source = document.getElementById(target.dataset.props ?? '')
  return source?.textContent ? JSON.parse(source.textContent) : {}
}

async function mountIsland(target: HTMLElement): Promise<void> {
  const load = islands[pathOf(target.dataset.island ?? '')]
  if (!load) throw new Error(`No island is called "${target.dataset.island}".`)
  const island = await load()
  target.replaceChildren()
  mount(island.default, { target, props: propsOf(target) })
}

startThemeToggle()
mount(Toasts, { target: document.body })
for (const target of document.querySelectorAll<HTMLElement>('[data-island]')) void mountIsland(target)
