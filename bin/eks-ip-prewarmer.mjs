#!/usr/bin/env node
// What npm links. A package has the command built to JavaScript; in a checkout Node runs the TypeScript itself.
import { existsSync } from 'node:fs';

const built = new URL('../lib/cli/eks-ip-prewarmer.js', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (existsSync(built)) await import(built);
else if (major > 22 || (major === 22 && minor >= 18)) await import('../cli/eks-ip-prewarmer.ts');
else {
  process.stderr.write(
    `Node: expected 22.18 or newer, got ${process.versions.node}: use npx, or install it\n`,
  );
  process.exitCode = 2;
}
