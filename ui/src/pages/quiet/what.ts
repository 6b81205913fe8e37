// What a silence keeps quiet, in words.
import type { Silence } from '@/api/types'
import { t, word } from '@/i18n'

type What = { [K in 'model' | 'plate' | 'checkpoint_id' | 'checkpoint_name']?: Silence[K] | null }
/** `鲁Q12345 · 逾期未检验 · 石桥收费站` */
export const whatText = (it: What): string =>
  [it.plate, it.model && word('model', it.model), it.checkpoint_name ?? it.checkpoint_id].filter(Boolean).join(' · ') ||
  t('quiet.model_any')
