/**
 * Charts take turns: one is drawn at a time, when the page has nothing better to do. Drawn together they would hold up the
 * tree for as long as all of them take, just when a person has opened the page to see it grow.
 */

const LONGEST_WAIT_MS = 1000

const waiting = new Map<object, () => unknown>()
let called = false

function later(work: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(work, { timeout: LONGEST_WAIT_MS })
  else setTimeout(work)
}

async function next(): Promise<void> {
  const [first] = waiting
  if (!first) {
    called = false
    return
  }
  waiting.delete(first[0])
  try {
    await first[1]()
  } finally {
    later(next)
  }
}

/** Does `work` at the next idle moment; of several works of one owner only the latest is done. */
export function inTurn(owner: object, work: () => unknown): void {
  waiting.set(owner, work)
  if (!called) {
    called = true
    later(next)
  }
}

/** Forgets what the owner waits for. */
export function leaveTurn(owner: object): void {
  waiting.delete(owner)
}
