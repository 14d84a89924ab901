/** The form's draft, the names the tables give its parts, and the request it becomes. */
import { NO_REWARD } from '../new-run/draft'

export type Source = 'countdown' | 'arithmetic' | 'game24' | 'file'

export interface SetDraft {
  source: Source
  size: number | null
  problems: number | null
  seed: number | null
  /** An uploaded file; it is not remembered, for it may be large. */
  file: { name: string; lines: string; count: number } | null
}

export interface StrategyDraft {
  algorithm: string
  params: Record<string, unknown>
}

export interface ExperimentDraft {
  title: string
  sets: SetDraft[]
  strategies: StrategyDraft[]
  tokens: string
  reward_calls: string
  seeds: string
  split: 'dev' | 'test'
  temperature: number | null
  policy: string
  reward: string
}

/** Numbers per problem that can be drawn (search/bench/plan.py). */
export const SIZES = { countdown: [3, 6, 5], arithmetic: [2, 9, 5] } as const

const KEY = 'espalier.new-experiment'

export function freshSet(source: Source = 'countdown'): SetDraft {
  const size = source === 'countdown' || source === 'arithmetic' ? SIZES[source][2] : null
  return { source, size, problems: source === 'file' ? null : 20, seed: 0, file: null }
}

/** A first experiment that is over in a few minutes and shows a difference. */
export function freshDraft(): ExperimentDraft {
  return {
    title: '',
    sets: [freshSet()],
    strategies: [
      { algorithm: 'best_of_n', params: {} },
      { algorithm: 'beam', params: {} },
    ],
    tokens: '1000',
    reward_calls: '',
    seeds: '0',
    split: 'dev',
    temperature: null,
    policy: '',
    reward: '',
  }
}

export function loadDraft(): ExperimentDraft {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<ExperimentDraft>
    return { ...freshDraft(), ...kept }
  } catch {
    return freshDraft()
  }
}

export function saveDraft(draft: ExperimentDraft): void {
  const kept = { ...draft, sets: draft.sets.map((some) => ({ ...some, file: null })) }
  try {
    localStorage.setItem(KEY, JSON.stringify(kept))
  } catch {
    // Private windows may refuse; the form works without being remembered.
  }
}

/** What the server takes as a name. */
function plain(text: string): string {
  const kept = text.replace(/[^A-Za-z0-9._+=()-]+/g, ' ').trim()
  return (/^[A-Za-z0-9]/.test(kept) ? kept : `set ${kept}`.trim()).slice(0, 50)
}

function setName({ source, size, seed, file }: SetDraft): string {
  const drawn = seed ? ` seed ${seed}` : ''
  if (source === 'game24') return `game of 24${drawn}`
  if (source === 'file') return plain((file?.name ?? 'file').replace(/\.[A-Za-z0-9]+$/, ''))
  return `${source} ${size ?? ''}${drawn}`
}

function strategyName({ algorithm, params }: StrategyDraft, defaults: Record<string, unknown>): string {
  const changed = Object.entries(params).filter(([name, value]) => name in defaults && value !== defaults[name])
  return plain([algorithm, ...changed.map(([name, value]) => `${name}=${String(value)}`)].join(' '))
}

/** Every name once: the second `beam` is `beam (2)`. */
function distinct(names: string[]): string[] {
  return names.map((name, place) => {
    const before = names.slice(0, place).filter((other) => other === name).length
    return before ? `${name} (${before + 1})` : name
  })
}

export function setNames(sets: SetDraft[]): string[] {
  return distinct(sets.map(setName))
}

/** `defaults` are each strategy's own parameters, by its name. */
export function strategyNames(
  strategies: StrategyDraft[],
  defaults: Record<string, Record<string, unknown>>,
): string[] {
  return distinct(strategies.map((one) => strategyName(one, defaults[one.algorithm] ?? {})))
}

/** `500, 1000 2000` → [500, 1000, 2000]; null where something in it is no whole number. */
export function numbersOf(text: string): number[] | null {
  const words = text.split(/[\s,;]+/).filter(Boolean)
  return words.every((word) => /^\d+$/.test(word)) ? [...new Set(words.map(Number))] : null
}

/** One budget for each number of tokens and one for each number of reward passes. */
export function budgetsOf(draft: Pick<ExperimentDraft, 'tokens' | 'reward_calls'>): Record<string, number>[] {
  const tokens = (numbersOf(draft.tokens) ?? []).map((number) => ({ tokens: number }))
  const calls = (numbersOf(draft.reward_calls) ?? []).map((number) => ({ reward_calls: number }))
  return [...tokens, ...calls]
}

function problemsOf({ source, problems, file }: SetDraft): number {
  if (source !== 'file') return problems ?? 0
  return Math.min(problems ?? Number.POSITIVE_INFINITY, file?.count ?? 0)
}

/** How many runs this would be. */
export function runsOf(draft: ExperimentDraft): number {
  const problems = draft.sets.reduce((sum, some) => sum + problemsOf(some), 0)
  return problems * draft.strategies.length * budgetsOf(draft).length * (numbersOf(draft.seeds)?.length ?? 0)
}

/** Game of 24 is held out for the test split as a whole. */
export function splitOf(draft: ExperimentDraft): 'dev' | 'test' {
  return draft.sets.some((some) => some.source === 'game24') ? 'test' : draft.split
}

/** The body of `POST /experiments`. */
export function requestOf(
  draft: ExperimentDraft,
  defaults: Record<string, Record<string, unknown>>,
): Record<string, unknown> {
  const sets = setNames(draft.sets)
  const strategies = strategyNames(draft.strategies, defaults)
  return {
    title: draft.title.trim() || titleFor(strategies, sets),
    sets: draft.sets.map((some, place) => ({ name: sets[place], ...setRequest(some) })),
    strategies: draft.strategies.map((one, place) => ({ name: strategies[place], ...one })),
    budgets: budgetsOf(draft),
    seeds: numbersOf(draft.seeds) ?? [],
    split: splitOf(draft),
    sampling: draft.temperature === null ? {} : { temperature: draft.temperature },
    ...(draft.policy ? { policy: draft.policy } : {}),
    ...(draft.reward ? { reward: draft.reward === NO_REWARD ? null : draft.reward } : {}),
  }
}

function setRequest({ source, size, problems, seed, file }: SetDraft): Record<string, unknown> {
  const count = problems === null ? {} : { problems }
  if (source === 'file') return { lines: firstLines(file?.lines ?? '', problems), ...count }
  const drawn = { ...count, ...(seed ? { seed } : {}) }
  return source === 'game24' ? { game24: true, ...drawn } : { domain: source, size, ...drawn }
}

/** No more of a large file is sent than is asked for. */
function firstLines(text: string, count: number | null): string {
  const lines = text.split('\n').filter((line) => line.trim())
  return lines.slice(0, count ?? lines.length).join('\n')
}

export function titleFor(strategies: string[], sets: string[]): string {
  const title = `${strategies.join(', ')} on ${sets.join(', ')}`
  return title.length > 100 ? `${strategies.length} strategies on ${sets.join(', ')}`.slice(0, 200) : title
}
