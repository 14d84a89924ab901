/** What the form of a model holds, and how it becomes the settings that the API takes (docs/models.md). */

export type Engine = 'transformers' | 'openai' | 'vllm'
export type Kind = 'policy' | 'reward'
/** What computes a reward model's layers. */
export type RewardEngine = 'transformers' | 'vllm' | 'server'

/** Texts are kept as they are typed, with `\n` for a line break. */
export interface Format {
  problem: string
  step_start: string
  final_end: string
  between: string
  hint: string
  refine: string
  begin: boolean
  special_tokens: boolean
  instructions: boolean
}

export interface Form {
  kind: Kind
  engine: Engine
  title: string
  slug: string
  folder: string
  base_url: string
  model: string
  api: 'completions' | 'chat'
  api_key_env: string
  runs_in: RewardEngine
  /** A reward's convention; empty: its architecture says it. */
  convention: string
  /** A reward reads the format of its convention unless it has one of its own. */
  ownFormat: boolean
  delimiter: string
  format: Format
  /** Keys of the template that the form has no field for. */
  rest: Settings
  sampling: { temperature: number | null; top_p: number | null; max_step_tokens: number | null }
  domains: string[]
  /** One a line. */
  examples: string
  /** Every other key, as its schema has it; what equals the default is not sent. */
  details: Record<string, unknown>
  /** Keys that hold objects (`extra`, `engine`, `vllm`), as JSON. */
  objects: Record<string, string>
}

export type Settings = Record<string, unknown>

const PLAIN: Format = {
  problem: '{problem}\\n',
  step_start: '',
  final_end: '',
  between: '',
  hint: '',
  refine: '',
  begin: true,
  special_tokens: false,
  instructions: false,
}

/** Keys that have a field of their own in the form; the rest is drawn from the schema. */
export const DRAWN = new Set([
  'kind', 'title', 'template', 'delimiter', 'sampling', 'domains', 'examples', 'folder', 'base_url', 'model', 'api',
  'api_key_env', 'extra', 'engine', 'verdicts', 'vllm', 'runs_in',
]) // biome-ignore format: a list of words

/** Keys of a reward that one engine alone reads. */
const READ_BY: Record<string, RewardEngine> = {
  device: 'transformers',
  rows: 'transformers',
  prefix_mb: 'transformers',
  threads: 'transformers',
  priority: 'server',
  timeout: 'server',
  connect_timeout: 'server',
  retries: 'server',
  connections: 'server',
}

/** Whether a key of the schema has a field among the further settings. */
export function asksFor(form: Form, key: string): boolean {
  const reader = form.kind === 'reward' ? READ_BY[key] : undefined
  return !DRAWN.has(key) && (reader === undefined || reader === form.runs_in)
}

/** Whether the model is one of a server. */
export function isServed(form: Form): boolean {
  return form.kind === 'reward' ? form.runs_in === 'server' : form.engine === 'openai'
}

export interface Preset {
  name: string
  delimiter: string
  format: Partial<Format>
}

export const PRESETS: Preset[] = [
  { name: 'Plain lines', delimiter: '\\n', format: {} },
  { name: 'Question and answer', delimiter: '\\n', format: { problem: 'Question: {problem}\\nAnswer:\\n' } },
  {
    name: 'ChatML',
    delimiter: '\\n\\n',
    format: {
      problem: '<|im_start|>user\\n{problem}<|im_end|>\\n<|im_start|>assistant\\n',
      begin: false,
      special_tokens: true,
      instructions: true,
    },
  },
  {
    name: 'Llama 3 chat',
    delimiter: '\\n\\n',
    format: {
      problem:
        '<|start_header_id|>user<|end_header_id|>\\n\\n{problem}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\\n\\n',
      special_tokens: true,
      instructions: true,
    },
  },
]

export function freshForm(): Form {
  return {
    kind: 'policy',
    engine: 'transformers',
    title: '',
    slug: '',
    folder: '',
    base_url: '',
    model: '',
    api: 'completions',
    api_key_env: '',
    runs_in: 'transformers',
    convention: '',
    ownFormat: false,
    delimiter: '\\n',
    format: { ...PLAIN },
    rest: {},
    sampling: { temperature: null, top_p: null, max_step_tokens: null },
    domains: [],
    examples: '',
    details: {},
    objects: { extra: '', engine: '', verdicts: '', vllm: '' },
  }
}

/** A preset's format in place of the present one. */
export function withPreset(form: Form, preset: Preset): Form {
  return { ...form, delimiter: preset.delimiter, format: { ...PLAIN, ...preset.format } }
}

/** A line break and a tab as they are typed in one line: `\n`, `\t`; a backslash is doubled. */
export function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}

export function unescaped(text: string): string {
  return text.replace(/\\([nt\\])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 't' ? '\t' : '\\'))
}

/** A name for runs out of a title: `Qwen 2.5 (math)` → `qwen-2.5-math`. */
export function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 120)
}

/** The text that a policy continues, or that a reward reads, with a problem and two steps in it. */
export function preview(form: Form, problem: string, steps: string[]): string {
  const { format } = form
  const end = unescaped(form.delimiter)
  const last = form.kind === 'reward' && format.final_end ? unescaped(format.final_end) : end
  const written = steps.map(
    (step, at) =>
      (at && form.kind === 'reward' ? unescaped(format.between) : '') +
      unescaped(format.step_start) +
      step +
      (at === steps.length - 1 ? last : end),
  )
  return unescaped(format.problem).replace('{problem}', problem) + written.join('')
}

/** JSON that is not JSON is told before anything is sent. */
export class NotJson extends Error {
  constructor(readonly key: string) {
    super(`Write ${key} as JSON`)
  }
}

/** The settings that the API takes: what is empty or default is left out. Throws `NotJson`. */
export function settingsOf(form: Form, defaults: Record<string, unknown>): Settings {
  const reward = form.kind === 'reward'
  const settings: Settings = reward ? {} : { kind: form.engine }
  if (reward && form.convention) settings.kind = form.convention
  if (form.title.trim()) settings.title = form.title.trim()
  if (reward && form.runs_in !== 'transformers') settings.runs_in = form.runs_in
  if (reward || form.engine !== 'openai') settings.folder = form.folder.trim()
  if (isServed(form)) {
    settings.base_url = form.base_url.trim()
    settings.model = form.model.trim()
    if (!reward && form.api !== 'completions') settings.api = form.api
    if (form.api_key_env.trim()) settings.api_key_env = form.api_key_env.trim()
  }
  const template = templateOf(form)
  if (!reward) {
    settings.delimiter = unescaped(form.delimiter)
    const sampling = Object.fromEntries(Object.entries(form.sampling).filter(([, value]) => value !== null))
    if (Object.keys(sampling).length) settings.sampling = sampling
  }
  if (Object.keys(template).length) settings.template = template
  if (form.domains.length) settings.domains = [...form.domains]
  const examples = form.examples
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  if (examples.length) settings.examples = examples
  for (const [key, value] of Object.entries(form.details)) {
    if (key in defaults && value !== defaults[key] && value !== '' && value !== null) settings[key] = value
  }
  for (const key of objectsOf(form)) {
    const text = form.objects[key]?.trim()
    if (text) settings[key] = parsed(key, text)
  }
  return settings
}

/** The keys of the chosen kind of model that hold objects or lists. */
export function objectsOf(form: Form): string[] {
  if (form.kind === 'reward') return form.runs_in === 'vllm' ? ['verdicts', 'vllm'] : ['verdicts']
  return form.engine === 'openai' ? ['extra'] : form.engine === 'vllm' ? ['engine'] : []
}

function parsed(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new NotJson(key)
  }
}

function templateOf(form: Form): Settings {
  if (form.kind === 'reward' && !form.ownFormat) return {}
  const template: Settings = { ...form.rest }
  const texts = ['problem', 'step_start', 'final_end', 'between', 'hint', 'refine'] as const
  for (const name of texts) {
    if (form.format[name] !== PLAIN[name]) template[name] = unescaped(form.format[name])
  }
  for (const name of ['begin', 'special_tokens', 'instructions'] as const) {
    // A chat server's model follows instructions unless it is said otherwise.
    const usual = name === 'instructions' && form.engine === 'openai' && form.api === 'chat' ? true : PLAIN[name]
    if (form.format[name] !== usual) template[name] = form.format[name]
  }
  if (form.kind === 'reward') {
    template.problem = unescaped(form.format.problem)
    template.step_end = unescaped(form.delimiter)
  }
  return template
}

/** The form of settings as they are stored. Keys of a template that the form has no field for go along untouched. */
export function formOf(model: { kind: Kind; slug: string; settings: Settings }): Form {
  const { settings } = model
  const form = freshForm()
  const template = (settings.template ?? {}) as Record<string, unknown>
  const known = (name: string) => String(settings[name] ?? '')
  form.kind = model.kind
  form.slug = model.slug
  form.title = known('title')
  if (model.kind === 'reward') {
    form.convention = known('kind')
    form.runs_in = (settings.runs_in as RewardEngine | undefined) ?? 'transformers'
  } else form.engine = settings.kind as Engine
  form.folder = known('folder')
  form.base_url = known('base_url')
  form.model = known('model')
  form.api = settings.api === 'chat' ? 'chat' : 'completions'
  form.api_key_env = known('api_key_env')
  form.ownFormat = model.kind === 'reward' && Object.keys(template).length > 0
  form.delimiter = escaped(String((model.kind === 'reward' ? template.step_end : settings.delimiter) ?? '\n'))
  form.format.instructions = form.api === 'chat'
  for (const [name, value] of Object.entries(template)) {
    if (value === null || (name === 'step_end' && model.kind === 'reward')) continue
    if (name in form.format) Object.assign(form.format, { [name]: typeof value === 'string' ? escaped(value) : value })
    else form.rest[name] = value
  }
  Object.assign(form.sampling, settings.sampling)
  form.domains = (settings.domains as string[] | undefined) ?? []
  form.examples = ((settings.examples as string[] | undefined) ?? []).join('\n')
  for (const [key, value] of Object.entries(settings)) {
    if (key in form.objects) form.objects[key] = JSON.stringify(value)
    else if (!DRAWN.has(key)) form.details[key] = value
  }
  return form
}
