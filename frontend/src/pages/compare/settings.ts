/** The settings of runs beside each other, a row each; those that differ first. */

import type { Run } from '../../api/types'

export interface Setting {
  name: string
  values: string[]
  differs: boolean
}

const missing = '–'

function flat(run: Run): Map<string, string> {
  const found = new Map<string, string>()
  const put = (name: string, value: unknown) => {
    if (value === null || value === undefined) return
    found.set(name.replaceAll('_', ' '), typeof value === 'string' ? value : JSON.stringify(value))
  }
  put('strategy', run.algorithm)
  for (const [name, value] of Object.entries(run.params)) put(name, value)
  put('policy', run.policy)
  put('reward', run.reward ?? 'none')
  for (const [name, value] of Object.entries(run.sampling)) put(name, value)
  for (const [name, value] of Object.entries(run.budget)) put(`budget: ${name}`, value)
  put('seed', run.seed)
  return found
}

/** One row per setting that any of the runs has. */
export function settingsOf(runs: readonly Run[]): Setting[] {
  const each = runs.map(flat)
  const names = [...new Set(each.flatMap((settings) => [...settings.keys()]))]
  const rows = names.map((name) => {
    const values = each.map((settings) => settings.get(name) ?? missing)
    return { name, values, differs: new Set(values).size > 1 }
  })
  return [...rows.filter((row) => row.differs), ...rows.filter((row) => !row.differs)]
}
