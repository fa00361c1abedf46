/** What `npx cdk deploy` deploys: all settings, with units and defaults, are in docs/deploy.md; `-c cluster=NAME` and other
 *  context goes before what is said here. */
import { defineConfig } from './infra/props.ts';

export default defineConfig({
  clusters: [{ name: 'demo' }],
});
