// Words of the page in Chinese and English. The compiler refuses a key that one of them lacks. What the first page says comes with it,
// all other Chinese words with the first page that needs them, English when somebody wants it: most never do.
import { shallowRef, watch } from 'vue'
import { remembered } from '@/lib/storage'
import { zh } from './zh'
import type { rest } from './zh.rest'

export type Language = 'zh' | 'en'
export type Key = keyof typeof zh | keyof typeof rest
type Words = Partial<Record<Key, string>>

export const language = remembered<Language>('language', 'zh')
const words = shallowRef<Words>(zh)

let chinese: Promise<Words> | null = null
let has_all = false
/** All Chinese words, asked for once; again after a network that was away. */
function allChinese(): Promise<Words> {
  chinese ??= import('./zh.rest').then(
    ({ rest }) => ({ ...zh, ...rest }),
    (cause: unknown) => {
      chinese = null
      throw cause
    },
  )
  return chinese
}
const english = (): Promise<Words> => import('./en').then(({ en }) => en)

async function load(wanted: Language): Promise<void> {
  // Without the English words, e.g. while the network is away, the page speaks Chinese.
  const found = wanted === 'en' ? await english().catch(() => null) : null
  if (wanted !== language.value) return
  has_all = found !== null
  words.value = found ?? zh
  if (typeof document !== 'undefined') document.documentElement.lang = found ? 'en' : 'zh-CN'
  if (!found) void allWords()
}
watch(language, load)
/** The words of the language that was chosen last time: the page waits for them, so that it never speaks two. */
export const ready = language.value === 'en' ? load('en') : Promise.resolve()

/** The words of all pages: waited for before one that is not the first is shown. Without them it shows what it can. */
export async function allWords(): Promise<void> {
  if (has_all) return
  const found = await allChinese().catch(() => null)
  if (!found || has_all) return
  has_all = true
  words.value = found
}

/** The text of a key, with `{name}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = words.value[key]
  if (text === undefined) void allWords()
  return (text ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** A word for a code of the server. An unknown code is shown as it is: better than nothing. */
export function word(group: string, code: string | null | undefined): string {
  if (!code) return '—'
  const text = words.value[`${group}.${code}` as Key]
  if (text === undefined) void allWords()
  return text ?? code
}

/** Several words in one sentence: `照片、说明和数额`, `a photograph, a note, and the fine`. */
export const listed = (words: readonly string[]): string =>
  new Intl.ListFormat(language.value === 'en' ? 'en' : 'zh-CN').format(words)
