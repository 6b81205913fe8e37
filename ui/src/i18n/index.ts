// Words of the page in Chinese and English. The compiler refuses a key that one of them lacks.
import { ref, watchEffect } from 'vue'
import { remembered } from '@/lib/storage'
import { en } from './en'
import { zh } from './zh'

export type Language = 'zh' | 'en'
export type Key = keyof typeof zh

export const language = remembered<Language>('language', 'zh')
const words = ref<Record<Key, string>>(zh)

watchEffect(() => {
  words.value = language.value === 'en' ? en : zh
  if (typeof document !== 'undefined') document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN'
})

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
