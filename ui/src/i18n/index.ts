// Words of the page in Chinese and English. The compiler refuses a key that one of them lacks. Chinese comes with the page, English
// when somebody wants it: most never do.
import { shallowRef, watch } from 'vue'
import { remembered } from '@/lib/storage'
import { zh } from './zh'

export type Language = 'zh' | 'en'
export type Key = keyof typeof zh

export const language = remembered<Language>('language', 'zh')
const words = shallowRef<Record<Key, string>>(zh)

async function load(wanted: Language): Promise<void> {
  // Without the English words, e.g. while the network is away, the page speaks Chinese.
  const found = wanted === 'en' ? await import('./en').then(({ en }) => en).catch(() => zh) : zh
  if (wanted !== language.value) return
  words.value = found
  if (typeof document !== 'undefined') document.documentElement.lang = found === zh ? 'zh-CN' : 'en'
}
watch(language, load)
/** The words of the language that was chosen last time: the page waits for them, so that it never speaks two. */
export const ready = load(language.value)

/** The text of a key, with `{name}` filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return words.value[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** A word for a code of the server. An unknown code is shown as it is: better than nothing. */
export function word(group: string, code: string | null | undefined): string {
  if (!code) return '—'
  const key = `${group}.${code}` as Key
  return words.value[key] ?? code
}

/** Several words in one sentence: `照片、说明和数额`, `a photograph, a note, and the fine`. */
export const listed = (words: readonly string[]): string =>
  new Intl.ListFormat(language.value === 'en' ? 'en' : 'zh-CN').format(words)
