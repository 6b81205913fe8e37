// Which column is what: assigning, fixing, translating, and what is still missing.
import { describe, expect, it } from 'vitest'
import type { FileMapping } from '@/api/types'
import { assign, fieldOf, FIELDS, fix, missing, sizeText, translate, turnInto } from '@/pages/intake/mapping'
import { zh as first } from '@/i18n/zh'
import { rest } from '@/i18n/zh.rest'

const zh = { ...first, ...rest }

const bare: FileMapping = {
  kind: 'passage',
  head_rows: 1,
  columns: {},
  constants: {},
  translations: {},
  time_form: 'auto',
  zone_minutes: 480,
  datum: 'wgs84',
  encoding: null,
  delimiter: null,
  sheet: null,
}

describe('a mapping', () => {
  it('gives a field to one column and a column to one field', () => {
    const first = assign(assign(bare, 0, 'plate'), 1, 'plate')
    expect(first.columns).toEqual({ plate: 1 })
    expect(assign(first, 1, 'lane').columns).toEqual({ lane: 1 })
    expect(assign(first, 1, '').columns).toEqual({})
    expect([fieldOf(first, 1), fieldOf(first, 0)]).toEqual(['plate', ''])
  })
  it('has a moment in one column or a day and a time in two', () => {
    const parted = assign(assign(bare, 0, 'date'), 1, 'time_of_day')
    expect(missing(parted)).toEqual(['checkpoint', 'plate'])
    expect(assign(parted, 2, 'captured_at').columns).toEqual({ captured_at: 2 })
    expect(missing(assign(bare, 0, 'date'))).toEqual(['time_of_day', 'checkpoint', 'plate'])
  })
  it('takes a constant for a missing column, and the column when there is one', () => {
    const fixed = fix(assign(bare, 0, 'plate'), 'checkpoint', ' 37132700001210000001 ')
    expect(missing(fixed)).toEqual(['captured_at'])
    expect(fixed.constants).toEqual({ checkpoint: '37132700001210000001' })
    expect(assign(fixed, 3, 'checkpoint').constants).toEqual({})
    expect(fix(fixed, 'checkpoint', '').constants).toEqual({})
  })
  it('needs a place and a vehicle or a terminal for positions', () => {
    const turned = turnInto(assign(assign(bare, 0, 'checkpoint'), 1, 'plate'), 'position')
    expect(turned.columns).toEqual({ plate: 1 })
    expect(missing(turned)).toEqual(['captured_at', 'lon', 'lat'])
    expect(missing(assign(turnInto(bare, 'position'), 0, 'terminal'))).toEqual(['captured_at', 'lon', 'lat'])
  })
  it('translates words, and leaves them when nothing is said', () => {
    const told = translate(bare, 'checkpoint', '旧北环', '1')
    expect(told.translations).toEqual({ checkpoint: { 旧北环: '1' } })
    expect(translate(told, 'checkpoint', '旧北环', ' ').translations).toEqual({ checkpoint: {} })
  })
  it('has a word for every field', () => {
    for (const field of [...FIELDS.passage, ...FIELDS.position]) expect(zh).toHaveProperty([`file_field.${field}`])
  })
})

describe('sizes', () => {
  it('are told in three digits', () => {
    expect([12, 1_500, 128_400_000, 4 * 2 ** 30].map(sizeText)).toEqual(['12 B', '1.5 kB', '122 MB', '4 GB'])
  })
})
