// Tests of pure parts read words as pages do that have all of them.
import { allWords } from '@/i18n'

await allWords()
