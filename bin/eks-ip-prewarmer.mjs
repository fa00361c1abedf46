#!/usr/bin/env node
// What npm links. A package has the command built to JavaScript (scripts/cli-bundle.ts); in a checkout Node runs the TypeScript.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const built = new URL('../lib/cli/eks-ip-prewarmer.js', import.meta.url);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Node: expected 22.18 or newer, got ${process.versions.node}\n`);
  process.exitCode = 2;
} else await import(existsSync(built) ? built.href : '../cli/eks-ip-prewarmer.ts');
