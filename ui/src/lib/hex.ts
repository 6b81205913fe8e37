// Raw bytes laid out for reading: offset, sixteen bytes, and what they say as text.

export interface HexRow {
  offset: string
  bytes: string[]
  text: string
}
const ROW_BYTES = 16

export function hexRows(hex: string): HexRow[] {
  const bytes = hex.replace(/[^0-9a-fA-F]/g, '').match(/../g) ?? []
  const rows: HexRow[] = []
  for (let start = 0; start < bytes.length; start += ROW_BYTES) {
    const row = bytes.slice(start, start + ROW_BYTES).map((byte) => byte.toLowerCase())
    const text = row.map((byte) => printable(parseInt(byte, 16))).join('')
    rows.push({ offset: start.toString(16).padStart(6, '0'), bytes: row, text })
  }
  return rows
}

const printable = (code: number): string => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '·')
