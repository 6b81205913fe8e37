// Long lists, CSV for WPS, bytes for reading, rules of a password.
import { describe, expect, it } from 'vitest'
import { csvField, csvRow } from '@/lib/csv'
import { hexRows } from '@/lib/hex'
import { PAGE_ROWS, PagedRows } from '@/lib/pages'
import { passwordRules } from '@/pages/login/password'

const settle = () => new Promise((resolve) => setTimeout(resolve))

describe('rows by the page', () => {
  const TOTAL = 100_000
  function server() {
    const asked: number[] = []
    const load = async ({ limit, offset }: { limit: number; offset: number }) => {
      asked.push(offset)
      return { items: Array.from({ length: Math.min(limit, TOTAL - offset) }, (_, i) => offset + i), total: TOTAL }
    }
    return { asked, load }
  }
  it('fetches only what is shown, and each page once', async () => {
    const { asked, load } = server()
    const rows = new PagedRows(load, () => undefined)
    rows.restart(load)
    await settle()
    rows.show(50_020, 50_060)
    rows.show(50_020, 50_060)
    await settle()
    rows.show(50_020, 50_060)
    await settle()
    expect(asked).toEqual([0, 50_000])
    expect(rows.row(50_042)).toBe(50_042)
    expect(rows.row(99_999)).toBeUndefined()
  })
  it('forgets old pages when somebody scrolls through everything', async () => {
    const { load } = server()
    const rows = new PagedRows(load, () => undefined)
    rows.restart(load)
    await settle()
    for (let first = 0; first < 80 * PAGE_ROWS; first += PAGE_ROWS) {
      rows.show(first, first)
      await settle()
    }
    expect(rows.row(0)).toBeUndefined()
    expect(rows.row(79 * PAGE_ROWS)).toBe(79 * PAGE_ROWS)
  })
  it('drops the answer to an old filter', async () => {
    let answer: (list: { items: string[]; total: number }) => void = () => undefined
    const rows = new PagedRows<string>(
      () => new Promise((resolve) => (answer = resolve)),
      () => undefined,
    )
    rows.show(0, 0)
    const late = answer
    rows.restart(async () => ({ items: ['new'], total: 1 }))
    late({ items: ['old'], total: 1 })
    await settle()
    expect(rows.row(0)).toBe('new')
  })
  it('tells an error and shows rows again after the next answer', async () => {
    const rows = new PagedRows<string>(
      () => Promise.reject(new Error('no')),
      () => undefined,
    )
    rows.show(0, 0)
    await settle()
    expect(rows.error).toBeInstanceOf(Error)
    rows.restart(async () => ({ items: ['a'], total: 1 }))
    await settle()
    expect([rows.error, rows.row(0)]).toEqual([null, 'a'])
  })
})

describe('CSV', () => {
  it('quotes what must be quoted', () => {
    expect(csvRow(['a,b', 'say "x"', 'two\nlines', null, 3])).toBe('"a,b","say ""x""","two\nlines",,3\r\n')
  })
  it('never starts a formula, but leaves numbers alone', () => {
    expect(['=1+1', '+86', '-x', '@a'].map(csvField)).toEqual(["'=1+1", "'+86", "'-x", "'@a"])
    expect(csvField(-3)).toBe('-3')
  })
})

describe('hex view', () => {
  it('lays sixteen bytes a row with offset and text', () => {
    const rows = hexRows('7e0200' + '41'.repeat(14) + '7E')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatchObject({ offset: '000000', text: '~··AAAAAAAAAAAAA' })
    expect(rows[1]).toEqual({ offset: '000010', bytes: ['41', '7e'], text: 'A~' })
  })
})

describe('new password', () => {
  const met = (password: string) => passwordRules(password, 'wanglei2026').map((rule) => rule.is_met)
  it('shows which rules it keeps', () => {
    expect(met('')).toEqual([false, false, false])
    expect(met('abcdefghij')).toEqual([true, false, true])
    expect(met('abcdefghi1')).toEqual([true, true, true])
    expect(met('WangLei2026')).toEqual([true, true, false])
    expect(met('一二三四五六七八九a')).toEqual([true, true, true])
  })
})
