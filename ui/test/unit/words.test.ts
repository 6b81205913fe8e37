// Both languages say everything, and the same things.
import { describe, expect, it } from 'vitest'
import { en } from '@/i18n/en'
import { zh as first } from '@/i18n/zh'
import { rest } from '@/i18n/zh.rest'

const zh = { ...first, ...rest }
const keys = Object.keys(zh) as (keyof typeof zh)[]
const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
/** Words that are the same in both languages. */
const SAME = new Set<string>(['job.of', 'line.clock'])

describe('words', () => {
  it('have the same keys in Chinese and English', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
  })
  it('have each key in one place', () => {
    expect(Object.keys(zh)).toHaveLength(Object.keys(first).length + Object.keys(rest).length)
  })
  it('are never empty and fill in the same values', () => {
    for (const key of keys) {
      expect(zh[key].trim(), key).not.toBe('')
      expect(en[key].trim(), key).not.toBe('')
      expect(blanks(en[key]), key).toEqual(blanks(zh[key]))
    }
  })
  it('are Chinese in Chinese and are not in English', () => {
    for (const key of keys) {
      if (SAME.has(key)) continue
      expect(zh[key], key).toMatch(/[\u4e00-\u9fff]/)
      if (key !== 'watch.plate_example') expect(en[key], key).not.toMatch(/[\u4e00-\u9fff]/)
    }
  })
})
