#!/usr/bin/env node
// What npm links. In a checkout Node runs the TypeScript; a package has it built to JavaScript (scripts/cli-bundle.ts).
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const sources = new URL('../cli/eks-ip-prewarmer.ts', import.meta.url);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`Node: expected 22.18 or newer, got ${process.versions.node}\n`);
  process.exitCode = 2;
} else await import(existsSync(sources) ? sources.href : '../lib/cli/eks-ip-prewarmer.js');
