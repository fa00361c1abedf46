/** What the published package exports. */
export { IpPrewarmer } from './ip-prewarmer.ts';
export {
  type ClusterProps,
  defineConfig,
  type IpPrewarmerProps,
  type PolicyDocument,
  type VpcProps,
} from './props.ts';
export { PrewarmerStack, type PrewarmerStackProps } from './stack.ts';
export { SettingsError, type Trouble } from './trouble.ts';
