/** Light, dark, or whatever the system says. Remembered in a cookie, so that Django can render the page in it at once. */
export type Theme = 'light' | 'dark'

const COOKIE = 'espalier_theme'

/** The theme the page is drawn in now. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme
  if (chosen === 'light' || chosen === 'dark') return chosen
  return window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** Draws the page in a theme and remembers it for a year. */
export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Firefox ESR
  document.cookie = `${COOKIE}=${theme}; path=/; max-age=31536000; samesite=lax`
  window.dispatchEvent(new CustomEvent<Theme>('espalier:theme', { detail: theme }))
}

/** Calls back whenever the drawn theme changes, by the toggle or by the system; returns how to stop. */
export function onThemeChange(callback: (theme: Theme) => void): () => void {
  const system = window.matchMedia('(prefers-color-scheme: dark)')
  const tell = () => callback(currentTheme())
  window.addEventListener('espalier:theme', tell)
  system.addEventListener('change', tell)
  return () => {
    window.removeEventListener('espalier:theme', tell)
    system.removeEventListener('change', tell)
  }
}

/** Makes the header's button switch themes. */
export function startThemeToggle(): void {
  document.querySelector('[data-theme-toggle]')?.addEventListener('click', () => {
    chooseTheme(currentTheme() === 'dark' ? 'light' : 'dark')
  })
}
