import { expect, it } from 'vitest'
import {
  asksFor,
  escaped,
  formOf,
  freshForm,
  NotJson,
  PRESETS,
  preview,
  settingsOf,
  slugOf,
  unescaped,
  withPreset,
} from './form'

it('keeps line breaks and backslashes through a line of text', () => {
  for (const text of ['\n\n', 'a\\nb', '\tx\n', '\\', '<|im_end|>\n']) expect(unescaped(escaped(text))).toBe(text)
  expect(escaped('\n\n')).toBe('\\n\\n')
})

it('makes a name out of a title', () => {
  expect(slugOf('Qwen 2.5 (math)')).toBe('qwen-2.5-math')
  expect(slugOf(' … ')).toBe('')
})

it('sends a folder with its own delimiter and what differs from plain lines', () => {
  const form = { ...freshForm(), title: 'Foreign', folder: ' /m/foreign ', delimiter: ' END' }
  form.format.problem = 'Q: {problem}\\nA: '
  form.format.begin = false
  form.details = { dtype: 'float64', device: 'cpu', slots: 256 }
  expect(settingsOf(form, { dtype: 'float32', device: 'cpu', slots: 256 })).toEqual({
    kind: 'transformers',
    title: 'Foreign',
    folder: '/m/foreign',
    delimiter: ' END',
    template: { problem: 'Q: {problem}\nA: ', begin: false },
    dtype: 'float64',
  })
})

it('sends a server, and what does not belong to one is left out', () => {
  const form = { ...freshForm(), engine: 'openai' as const, base_url: 'http://h/v1', model: 'q', folder: '/old' }
  form.details = { slots: 8, retries: 1 }
  form.objects.extra = '{"top_k": 20}'
  form.sampling.temperature = 0.7
  expect(settingsOf(form, { retries: 3 })).toEqual({
    kind: 'openai',
    base_url: 'http://h/v1',
    model: 'q',
    delimiter: '\n',
    sampling: { temperature: 0.7 },
    retries: 1,
    extra: { top_k: 20 },
  })
  form.objects.extra = '{top_k'
  expect(() => settingsOf(form, {})).toThrow(NotJson)
})

it('gives a reward the format of its convention unless it has one of its own', () => {
  const form = { ...freshForm(), kind: 'reward' as const, folder: '/m/prm', convention: 'trl' }
  expect(settingsOf(form, {})).toEqual({ kind: 'trl', folder: '/m/prm' })
  form.ownFormat = true
  form.delimiter = ' ки'
  expect(settingsOf(form, {}).template).toEqual({ problem: '{problem}\n', step_end: ' ки' })
})

it('sends a reward in vLLM or on a server, with what that one reads alone', () => {
  const form = { ...freshForm(), kind: 'reward' as const, folder: '/m/prm', base_url: 'http://h/v1', model: 'prm' }
  form.objects.vllm = '{"max_model_len": 4096}'
  form.runs_in = 'vllm'
  expect(settingsOf(form, {})).toEqual({ folder: '/m/prm', runs_in: 'vllm', vllm: { max_model_len: 4096 } })
  form.runs_in = 'server'
  const settings = settingsOf(form, {})
  expect(settings).toEqual({ folder: '/m/prm', runs_in: 'server', base_url: 'http://h/v1', model: 'prm' })
  expect(settingsOf(formOf({ kind: 'reward', slug: 'prm', settings }), {})).toEqual(settings)
  expect(['rows', 'retries', 'dtype', 'runs_in'].map((key) => asksFor(form, key))).toEqual([false, true, true, false])
  form.runs_in = 'transformers'
  expect(settingsOf(form, {})).toEqual({ folder: '/m/prm' })
  expect(['rows', 'retries'].map((key) => asksFor(form, key))).toEqual([true, false])
})

it('reads back what it has sent', () => {
  const [, , chat] = PRESETS
  if (!chat) throw new Error('there is a third preset')
  const form = withPreset(
    { ...freshForm(), title: 'Chat', slug: 'chat', folder: '/m/chat', examples: '1 + 1\n2 + 2' },
    chat,
  )
  form.format.hint = 'Hint: {hint}\\n'
  form.details = { dtype: 'bfloat16' }
  form.domains = ['arithmetic']
  const settings = settingsOf(form, { dtype: 'float32' })
  expect(formOf({ kind: 'policy', slug: 'chat', settings })).toEqual(form)
})

it('shows the text that a model reads', () => {
  const form = withPreset(freshForm(), {
    name: '',
    delimiter: ' END\\n',
    format: { problem: 'Q: {problem}\\n', step_start: '* ' },
  })
  expect(preview(form, '1 + 2', ['one', 'two'])).toBe('Q: 1 + 2\n* one END\n* two END\n')
})
