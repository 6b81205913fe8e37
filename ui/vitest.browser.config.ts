// Tests of the built page (dist/) in Chromium against the mock server in mock/.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    // The page shares its processors with the build beside it.
    expect: { poll: { timeout: 10_000, interval: 100 } },
  },
})
