import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

describe('the index of the package', () => {
  it.for([
    ['@handfast/crypto', 0],
    ['@handfast/crypto/native', 1],
  ] as const)('%s needs node:crypto: %i', ([specifier, status]) => {
    const script = `
      import { registerHooks } from 'node:module';
      const resolve = (specifier, context, next) => {
        if (specifier.startsWith('node:')) process.exit(1);
        return next(specifier, context);
      };
      registerHooks({ resolve });
      await import('${specifier}');`;
    const args = ['--conditions=handfast-source', '--input-type=module', '--eval', script];
    expect(spawnSync(process.execPath, args, { cwd: import.meta.dirname }).status).toBe(status);
  });
});
