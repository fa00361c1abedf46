/**
 * One deployed function = one file of `lambdas/handlers` (`wiring.ts` excepted) = one folder of `dist` with one
 * `index.mjs`. `npm run build` writes them; a synth writes them too when they are missing or older than the code.
 */
import { existsSync, globSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Plugin } from 'rolldown';

export interface Bundle {
  /** Name of the function, its file and its folder, for example `on-signal`. */
  readonly name: string;
  readonly bytes: number;
}

/** The repository's root, wherever the command was started. */
export const ROOT = join(import.meta.dirname, '..');

/** What a bundle is made of: our code, everyone else's versions, and how it is put together. */
const SOURCES = ['lambdas/**/*.{ts,json}', 'infra/bundles.ts', 'package-lock.json'];

export function functionNames(root: string): readonly string[] {
  return globSync('lambdas/handlers/*.ts', { cwd: root })
    .map((file) => basename(file, '.ts'))
    .filter((name) => name !== 'wiring')
    .sort();
}

export const bundlesFolder = (root: string): string => join(root, 'dist');
const fileOf = (root: string, name: string): string => join(bundlesFolder(root), name, 'index.mjs');
const writtenMs = (file: string): number => statSync(file).mtimeMs;

/** True when a synth would deploy something else than the code at hand. */
export function stale(root: string): boolean {
  const newest = Math.max(...globSync(SOURCES, { cwd: root }).map((file) => writtenMs(join(root, file))));
  return functionNames(root)
    .map((name) => fileOf(root, name))
    .some((file) => !existsSync(file) || writtenMs(file) < newest);
}

/**
 * Lambda hands a function its credentials in the environment (Lambda Developer Guide, environment variables), where the
 * SDK's provider chain looks first. The rest of the chain (profiles, SSO, STS, instance metadata) would never be asked,
 * and is a fifth of a bundle.
 */
const LAMBDA_CREDENTIALS: Plugin = {
  name: 'lambda-credentials',
  load: {
    filter: { id: /[\\/]@aws-sdk[\\/]credential-provider-node[\\/]/ },
    handler: () => "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
  },
};

/**
 * Of a service's errors we read the name alone, and the SDK gives every error its name. Each client registers a class for
 * every error of its service all the same, and no bundler dares to drop a registration: in SSM's client, of which we send
 * one command, they are nine tenths.
 */
const NAMED_ERRORS: Plugin = {
  name: 'named-errors',
  transform: {
    filter: { id: /[\\/]@aws-sdk[\\/]client-\w+[\\/]dist-es[\\/]schemas[\\/]/ },
    handler: (code) => code.replaceAll(/^n0_registry\.registerError\(.*\);$/gm, ''),
  },
};

/** Answers that come as a stream of events: no operation we send has one, and the SDK loads what reads them only for one that
 *  has. In one file with everything it would be loaded all the same. */
const NO_EVENT_STREAMS: Plugin = {
  name: 'no-event-streams',
  load: {
    filter: { id: /[\\/]@smithy[\\/]core[\\/]dist-es[\\/]submodules[\\/]event-streams[\\/]index\.js$/ },
    handler: () => 'export {};',
  },
};

/** DynamoDB's client can ask the service for endpoints; nobody switches that on, and its cache brings a library along. */
const NO_ENDPOINT_DISCOVERY: Plugin = {
  name: 'no-endpoint-discovery',
  load: {
    filter: {
      id: /[\\/]@aws-sdk[\\/]middleware-endpoint-discovery[\\/]dist-es[\\/]resolveEndpointDiscoveryConfig\.js$/,
    },
    handler: () => 'export const resolveEndpointDiscoveryConfig = (config) => config;',
  },
};

/**
 * Builds every function anew, and removes what is no function any more. Everything is inside, the AWS SDK too: the
 * runtime's own copy is not ours to choose and starts slower (docs/decisions/0002-bundling.md). One file a function: a
 * chunk would be one more read at a cold start. Whatever the bundler warns of is an error.
 */
export async function bundle(root: string): Promise<readonly Bundle[]> {
  const { rolldown } = await import('rolldown');
  const names = functionNames(root);
  for (const left of globSync('*', { cwd: bundlesFolder(root), exclude: [...names] }))
    rmSync(join(bundlesFolder(root), left), { recursive: true });
  const bundles: Bundle[] = [];
  for (const name of names) {
    const build = await rolldown({
      cwd: root,
      input: `lambdas/handlers/${name}.ts`,
      platform: 'node',
      plugins: [LAMBDA_CREDENTIALS, NAMED_ERRORS, NO_EVENT_STREAMS, NO_ENDPOINT_DISCOVERY],
      // The SDK's ES modules: unused parts of its CommonJS builds cannot be left out.
      resolve: { mainFields: ['module', 'main'] },
      logLevel: 'warn',
      onLog: (_, log) => {
        throw new Error(`${name}: ${log.message}`);
      },
    });
    // Whole or not at all: somebody may be running or deploying the bundle that is there.
    const written = `${fileOf(root, name)}.${process.pid}`;
    await build.write({ file: written, format: 'esm', minify: true, codeSplitting: false });
    await build.close();
    renameSync(written, fileOf(root, name));
    bundles.push({ name, bytes: statSync(fileOf(root, name)).size });
  }
  return bundles;
}
