// Writes `sw.js`, the worker that lets the pages of the road open without a network: the shell and the chunk of the road, with
// what they import, and nothing of the desk.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

/** Files outside the bundle that the road needs; `/` is the page itself. */
const BESIDES = ['/', '/favicon.svg', '/manifest.webmanifest', '/icon-192.png', '/icon-512.png']
const ROAD = '/src/pages/road/all.ts'
const WORDS = ['/src/i18n/zh.rest.ts', '/src/i18n/en.ts']
const WORKER = fileURLToPath(new URL('./offline.worker.js', import.meta.url))

export function offline(): Plugin {
  return {
    name: 'anchang-offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((it) => it.type === 'chunk')
      const wanted = chunks.filter(
        (it) => it.isEntry || it.moduleIds.some((id) => [ROAD, ...WORDS].some((file) => id.endsWith(file))),
      )
      const files = new Set<string>()
      const take = (name: string): void => {
        const it = bundle[name]
        if (it?.type !== 'chunk' || files.has(name)) return
        files.add(name)
        for (const style of it.viteMetadata?.importedCss ?? []) files.add(style)
        for (const asset of it.viteMetadata?.importedAssets ?? []) files.add(asset)
        it.imports.forEach(take)
      }
      wanted.forEach((it) => take(it.fileName))
      if (wanted.length < 4) this.error(`one of ${[ROAD, ...WORDS].join(', ')} is in no chunk of its own`)
      const list = [...BESIDES, ...[...files].sort().map((name) => `/${name}`)]
      const version = createHash('sha256').update(list.join()).digest('hex').slice(0, 12)
      const source = readFileSync(WORKER, 'utf8')
        .replace("'VERSION'", JSON.stringify(version))
        .replace('[] /* FILES */', JSON.stringify(list))
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}
