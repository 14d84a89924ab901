/** The orderings of a queue, in words. */

import type { OrderingName } from './types'

export const orderings: { name: OrderingName; title: string; about: string }[] = [
  { name: 'random', title: 'Random', about: 'Every path has the same chance. What accuracy is measured on.' },
  {
    name: 'convincing_wrong',
    title: 'Convincing wrong answers',
    about: 'Wrong final answers, the highest reward first: where the reward model is fooled.',
  },
  {
    name: 'reward_vs_rollouts',
    title: 'Reward against rollouts',
    about: 'Where the reward and the share of rollouts that came right disagree most.',
  },
  {
    name: 'uncertain_reward',
    title: 'Uncertain reward',
    about: 'Paths whose rewards are nearest to one half: where a label teaches most.',
  },
]

export function orderingTitle(name: OrderingName): string {
  return orderings.find((ordering) => ordering.name === name)?.title ?? name
}
