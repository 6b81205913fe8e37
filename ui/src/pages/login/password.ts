// The rules of a new password, shown while it is typed. The server has the last word.
import type { Key } from '@/i18n'

export const PASSWORD_CHARACTERS_MIN = 10

export interface Rule {
  key: Key
  n: number
  is_met: boolean
}

export function passwordRules(password: string, username: string): Rule[] {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(password)).length
  const has_name = username !== '' && password.toLowerCase().includes(username.toLowerCase())
  return [
    { key: 'login.rule_length', n: PASSWORD_CHARACTERS_MIN, is_met: [...password].length >= PASSWORD_CHARACTERS_MIN },
    { key: 'login.rule_kinds', n: 3, is_met: kinds >= 3 },
    { key: 'login.rule_name', n: 0, is_met: password !== '' && !has_name },
  ]
}
