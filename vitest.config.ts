import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], timeoutSeconds: number) => ({
  test: {
    name,
    include,
    testTimeout: timeoutSeconds * 1000,
    hookTimeout: timeoutSeconds * 1000,
    teardownTimeout: 20_000,
    environment: 'node' as const,
    // A loaded machine may take its time; what never comes is found all the same.
    expect: { poll: { timeout: 15_000 } },
  },
})

export default defineConfig({
  test: {
    retry: 0,
    maxWorkers: 2,
    projects: [
      project('unit', ['src/**/*.test.ts', 'extensions/**/*.test.ts', 'scripts/**/*.test.ts'], 20),
      project('integration', ['test/conformance/**/*.test.ts', 'test/integration/**/*.test.ts'], 60),
      project('faults', ['test/faults/**/*.test.ts'], 180),
      project('fuzz', ['test/fuzz/**/*.test.ts'], 300),
      project('services', ['test/services/**/*.test.ts'], 180),
      project('package', ['test/package/**/*.test.ts'], 600),
      project('browser', ['test/browser/**/*.test.ts'], 180),
      project('slice', ['test/soak/*slice.test.ts'], 600),
      project('soak', ['test/soak/whole.test.ts'], 3600),
    ],
  },
})
