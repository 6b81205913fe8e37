// The rules of a new password, shown while it is typed. The server has the last word.
import type { Key } from '@/i18n'

export const PASSWORD_CHARACTERS_MIN = 10
const KINDS_MIN = 2

export interface Rule {
  key: Key
  n: number
  is_met: boolean
}

export function passwordRules(password: string, username: string): Rule[] {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{Ll}\p{Lu}\p{N}]/u].filter((kind) => kind.test(password)).length
  const is_name = password.toLowerCase() === username.toLowerCase()
  return [
    { key: 'login.rule_length', n: PASSWORD_CHARACTERS_MIN, is_met: [...password].length >= PASSWORD_CHARACTERS_MIN },
    { key: 'login.rule_kinds', n: KINDS_MIN, is_met: kinds >= KINDS_MIN },
    { key: 'login.rule_name', n: 0, is_met: password !== '' && !is_name },
  ]
}
