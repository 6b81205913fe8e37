// What a list says about its columns.

export interface Column<T> {
  key: string
  title: string
  /** CSS grid width, e.g. `120px` or `minmax(120px, 1fr)`. */
  width: string
  /** The plain text of the cell: shown where no slot draws it, and written to the CSV. */
  text: (row: T) => string | number
  /** The server's sort field. */
  sort?: string
  align?: 'end'
  is_hidden?: boolean
}

export interface Filter {
  key: string
  title: string
  options: { value: string; label: string }[]
}
