/** @type {import("jest").Config} */
export default {
  reporters: ["default", "<rootDir>/scripts/plain-totals.mjs"],
  testMatch: ["<rootDir>/services/**/*.test.ts", "<rootDir>/services/**/*.test.tsx"],
  testPathIgnorePatterns: ["/node_modules/", "\\.long\\.test\\.ts$"],
  extensionsToTreatAsEsm: [".ts", ".tsx"],
  transform: {
    "\\.tsx?$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript", tsx: false }, target: "esnext" },
        module: { type: "es6" },
      },
    ],
  },
  setupFilesAfterEnv: ["<rootDir>/services/runtime/testing/after-each-file.ts"],
  maxWorkers: 2,
  testTimeout: 60_000,
  globalSetup: "<rootDir>/services/runtime/testing/start-postgres.ts",
  globalTeardown: "<rootDir>/services/runtime/testing/stop-postgres.ts",
};
