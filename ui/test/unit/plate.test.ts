// How plates are drawn.
import { describe, expect, it } from 'vitest'
import { differences, drawPlate, hasPlate, likelyColor } from '@/lib/plate'

const text = (drawing: ReturnType<typeof drawPlate>) => drawing.rows.map((row) => row.map((it) => it.text).join(''))

describe('plate', () => {
  it('stands in one row with a dot, whatever separator it came with', () => {
    const drawing = drawPlate('鲁Q·12345', { color: 'blue' })
    expect(text(drawing)).toEqual(['鲁Q12345'])
    expect(drawing).toMatchObject({ color: 'blue', has_dot: true })
  })

  it.each(['07', '15', '24'])('stands in two rows for class %s', (plate_class) => {
    expect(text(drawPlate('鲁Q12345', { color: 'yellow', plate_class }))).toEqual(['鲁Q', '12345'])
  })

  it('stands in one row for cars and for the front of large vehicles', () => {
    for (const plate_class of ['01', '02', '51', '52'])
      expect(drawPlate('鲁Q12345', { plate_class }).rows).toHaveLength(1)
  })

  it('marks exactly the doubtful characters', () => {
    const [row] = drawPlate('鲁Q7B111', { doubtful: [3] }).rows
    expect(row?.flatMap((it, index) => (it.is_doubtful ? [index] : []))).toEqual([3])
  })

  it('marks what the camera itself could not read', () => {
    expect(drawPlate('鲁Q1?345').rows[0]?.[3]).toEqual({ text: '?', is_doubtful: true })
  })

  it.each([
    ['鲁Q12345', 'blue'],
    ['鲁QD12345', 'green'],
    ['鲁Q12345F', 'yellow_green'],
    ['鲁Q1234警', 'white'],
    ['WJ鲁12345', 'white'],
    ['鲁Q1234学', 'yellow'],
    ['粤Z1234港', 'black'],
    ['鲁Q12', 'unknown'],
  ])('%s without a colour is most likely %s', (plate, color) => {
    expect(likelyColor(plate)).toBe(color)
  })

  it('believes the colour that was read more than the guess, but not an unknown word', () => {
    expect(drawPlate('鲁Q12345', { color: 'yellow' }).color).toBe('yellow')
    expect(drawPlate('鲁Q12345', { color: 'unknown' }).color).toBe('blue')
  })

  it('finds where two readings differ, counting characters and not code units', () => {
    expect(differences('鲁Q8B741', '鲁QBB741')).toEqual([2])
    expect(differences('鲁Q12345', '鲁Q12345')).toEqual([])
    expect(differences('鲁Q1234', '鲁Q12345')).toEqual([6])
  })

  it('knows the words for no plate', () => {
    for (const none of ['', '无牌', '无车牌', null, undefined]) expect(hasPlate(none)).toBe(false)
    expect(hasPlate('鲁Q12345')).toBe(true)
  })
})
