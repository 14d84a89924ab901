/** Short messages in the corner: what was done, or what failed and what was kept. */
export interface Toast {
  id: number
  text: string
  tone: 'note' | 'error'
}

const NOTE_MS = 5000

let last = 0
export const toasts = $state<Toast[]>([])

export function dismissToast(id: number): void {
  const at = toasts.findIndex((toast) => toast.id === id)
  if (at >= 0) toasts.splice(at, 1)
}

/** Shows a message. Notes leave by themselves; errors stay until they are read. */
export function showToast(text: string, tone: Toast['tone'] = 'note'): void {
  const id = ++last
  toasts.push({ id, text, tone })
  if (tone === 'note') setTimeout(() => dismissToast(id), NOTE_MS)
}
