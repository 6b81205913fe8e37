// CSV that opens rightly in WPS and Excel: byte-order mark, CRLF, and nothing a spreadsheet would run as a formula.

export function csvField(value: unknown): string {
  let text = value === null || value === undefined ? '' : String(value)
  if (typeof value !== 'number' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const csvRow = (values: readonly unknown[]): string => values.map(csvField).join(',') + '\r\n'

export function downloadCsv(name: string, lines: readonly string[]): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', ...lines], { type: 'text/csv;charset=utf-8' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  URL.revokeObjectURL(url)
}
