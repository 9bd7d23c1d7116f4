export default {
  // Many tests wait for a child process or a deadline rather than for the processor.
  maxWorkers: 4,
  testEnvironment: 'node',
  // A deadline against hanging, not a measurement: the machine may be busy with something else.
  testTimeout: 60_000,
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/__tests__/interop/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2024',
          experimental: { keepImportAttributes: true }
        },
        module: { type: 'es6' }
      }
    ]
  }
}
