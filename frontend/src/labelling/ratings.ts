/** The marks a step can get, in the order of their keys. Unsure is a mark of its own; unmarked is not neutral. */

export interface Mark {
  rating: -1 | 0 | 1 | null
  unsure: boolean
}

export interface Choice extends Mark {
  name: string
  title: string
  sign: string
  key: string
}

export const choices: Choice[] = [
  { rating: -1, unsure: false, name: 'bad', title: 'Bad', sign: '−1', key: '1' },
  { rating: 0, unsure: false, name: 'neutral', title: 'Neutral', sign: '0', key: '2' },
  { rating: 1, unsure: false, name: 'good', title: 'Good', sign: '+1', key: '3' },
  { rating: null, unsure: true, name: 'unsure', title: 'Unsure', sign: '?', key: 'u' },
]

export const unmarked: Mark = { rating: null, unsure: false }

/** The choice a label stands for; undefined when unmarked. */
export function choiceOf(label: { rating: number | null; unsure: boolean } | undefined): Choice | undefined {
  return label && choices.find((choice) => choice.rating === label.rating && choice.unsure === label.unsure)
}

/** What pressing a choice does: marks, or takes the same mark back. */
export function pressed(choice: Choice, label: { rating: number | null; unsure: boolean } | undefined): Mark {
  const { rating, unsure } = choice
  return choiceOf(label) === choice ? unmarked : { rating, unsure }
}
