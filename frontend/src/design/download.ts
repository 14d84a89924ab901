/** Hands the person a file that the page has made. */
export function download(content: Blob, name: string): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has begun by then; the bytes must not stay for as long as the page.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
