// Tests of the pure parts: no browser, no network.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: { include: ['test/unit/**/*.test.ts'], setupFiles: ['test/unit/words.setup.ts'] },
})
