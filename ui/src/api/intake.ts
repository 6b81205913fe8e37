// Files of other systems: sent in, looked at, checked and imported.
import { language } from '@/i18n'
import { ApiError, get, pathWithQuery, post, put, remove, type Query } from './client'
import type * as T from './types'

const FILES = '/api/v1/intake/files'
const part = encodeURIComponent

export const badRowsUrl = (id: string) => `${FILES}/${part(id)}/bad-rows`

export const intake = {
  connections: () => get<T.ConnectionList>('/api/v1/intake/connections').then((list) => list.items),
  files: () => get<T.UploadList>(FILES),
  file: (id: string) => get<T.Upload>(`${FILES}/${part(id)}`),
  removeFile: (id: string) => remove(`${FILES}/${part(id)}`),
  preview: (id: string, query: Query, signal?: AbortSignal) =>
    get<T.FilePreview>(`${FILES}/${part(id)}/preview`, query, signal),
  check: (id: string, mapping: T.FileMapping) => post<T.FileReport>(`${FILES}/${part(id)}/check`, { mapping }),
  start: (id: string, mapping: T.FileMapping) => post<T.Job>(`${FILES}/${part(id)}/import`, { mapping }),
  keepMapping: (name: string, head: readonly string[], mapping: T.FileMapping) =>
    put<undefined>(`/api/v1/intake/mappings/${part(name)}`, { head, mapping }),
}

/** Sends a file straight from the disk; `tell` gets the share that is sent. `fetch` can't say how far it is. */
export function sendFile(file: File, tell: (share: number) => void, signal: AbortSignal): Promise<T.Upload> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', pathWithQuery(FILES, { name: file.name }))
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.setRequestHeader('Accept-Language', language.value)
    request.responseType = 'json'
    request.upload.onprogress = (event) => tell(event.lengthComputable ? event.loaded / event.total : 0)
    const fail = (status: number, body: Partial<T.Problem> | null) =>
      reject(
        new ApiError({
          type: 'about:blank',
          title: body?.title ?? '',
          status,
          detail: body?.detail ?? '',
          code: body?.code ?? (status === 0 ? 'unreachable' : `http_${status}`),
          request_id: body?.request_id ?? '',
        }),
      )
    request.onload = () =>
      request.status < 300 ? resolve(request.response as T.Upload) : fail(request.status, request.response)
    request.onerror = () => fail(0, null)
    request.onabort = () => reject(new DOMException('', 'AbortError'))
    signal.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}
