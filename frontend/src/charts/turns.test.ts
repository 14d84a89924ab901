import { expect, test, vi } from 'vitest'
import { inTurn, leaveTurn } from './turns'

test('one work is done at a time, and the latest of each owner', async () => {
  const done: string[] = []
  const [first, second, third] = [{}, {}, {}]
  let finish = () => {}
  inTurn(first, () => {
    done.push('first begins')
    return new Promise<void>((resolve) => {
      finish = () => {
        done.push('first ends')
        resolve()
      }
    })
  })
  inTurn(second, () => done.push('second, outdated'))
  inTurn(second, () => done.push('second'))
  inTurn(third, () => done.push('third'))
  leaveTurn(third)
  await vi.waitFor(() => expect(done).toEqual(['first begins']))
  finish()
  await vi.waitFor(() => expect(done).toEqual(['first begins', 'first ends', 'second']))
})

test('an owner that left holds up nobody who comes later', async () => {
  const [gone, later] = [{}, {}]
  inTurn(gone, () => {
    throw new Error('never called')
  })
  leaveTurn(gone)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const drawn = vi.fn()
  inTurn(later, drawn)
  await vi.waitFor(() => expect(drawn).toHaveBeenCalledOnce())
})
