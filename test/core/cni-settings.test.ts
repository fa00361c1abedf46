import { describe, expect, test } from 'vitest';
import { type CniSettings, readCniSettings } from '../../lambdas/core/cni.ts';
import { aCluster, aPolicy } from './fixtures.ts';

function settingsOf(env: Readonly<Record<string, unknown>>, prefixes = true): CniSettings {
  const read = readCniSettings(aCluster(env).vpcCni, aPolicy(), prefixes);
  if ('complaint' in read) throw new Error(read.complaint.expected);
  return read.settings;
}

function complaintOn(configurationValues: string): { field: string; expected: string } {
  const read = readCniSettings({ version: 'v1.23.1', configurationValues }, aPolicy());
  if ('settings' in read) throw new Error('it was accepted');
  return read.complaint;
}

describe('the add-on says nothing: the CNI runs with its own defaults', () => {
  test.each([undefined, '', '  ', '{}', '{"env":{}}', '{"resources":{}}', '{"env":null}'])('%j', (values) => {
    const addOn = {
      version: 'v1.23.1',
      ...(values !== undefined && { configurationValues: values }),
    };
    expect(readCniSettings(addOn, aPolicy())).toEqual({
      settings: {
        mode: { kind: 'warm-eni', warmEniTarget: 1 },
        maxEnis: undefined,
        prefixes: false,
        metadataOnly: false,
        podEni: false,
        customNetworking: false,
        manageUntaggedEnis: true,
        subnetDiscovery: true,
        ipv6: false,
        ipCooldownMs: 30_000,
      },
    });
  });
});

describe('WARM_ENI_TARGET: what Go cannot read as a whole number, and what is negative, is the default 1', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['3', 3],
    ['+2', 2],
    ['007', 7],
    [2, 2],
    ['-1', 1],
    ['-0', 0],
    ['', 1],
    ['two', 1],
    ['1.5', 1],
    ['1e2', 1],
    [' 5', 1],
    ['5 ', 1],
    ['0x3', 1],
  ])('%j counts as %i', (text, warmEniTarget) => {
    expect(settingsOf({ WARM_ENI_TARGET: text }).mode).toEqual({ kind: 'warm-eni', warmEniTarget });
  });
});

describe('either IP target above 0 rules, whatever WARM_ENI_TARGET says', () => {
  test.each([
    [{ WARM_IP_TARGET: '5' }, 5, 0],
    [{ MINIMUM_IP_TARGET: '10' }, 0, 10],
    [{ WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10', WARM_ENI_TARGET: '2' }, 5, 10],
    [{ WARM_IP_TARGET: '-5', MINIMUM_IP_TARGET: '10' }, 0, 10],
    [{ WARM_IP_TARGET: '1.5', MINIMUM_IP_TARGET: '10' }, 0, 10],
  ])('%j', (env, warmIpTarget, minimumIpTarget) => {
    expect(settingsOf(env).mode).toEqual({ kind: 'ip-targets', warmIpTarget, minimumIpTarget });
  });

  test.each([
    { WARM_IP_TARGET: '0', MINIMUM_IP_TARGET: '0' },
    { WARM_IP_TARGET: '-1' },
    { WARM_IP_TARGET: 'many', MINIMUM_IP_TARGET: '' },
  ])('%j is as if neither were set', (env) => {
    expect(settingsOf(env).mode).toEqual({ kind: 'warm-eni', warmEniTarget: 1 });
  });
});

describe('ENABLE_PREFIX_DELEGATION: /28s instead of addresses, where the type can have them', () => {
  test('WARM_PREFIX_TARGET rules alone', () => {
    const env = { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '2', WARM_ENI_TARGET: '3' };
    expect(settingsOf(env).mode).toEqual({ kind: 'prefix', warmPrefixTarget: 2 });
  });

  test('an IP target overrides it', () => {
    const env = { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '2', MINIMUM_IP_TARGET: '20' };
    const expected = { kind: 'prefix-ip-targets', warmIpTarget: 0, minimumIpTarget: 20 };
    expect(settingsOf(env).mode).toEqual(expected);
  });

  test('on a Xen type the CNI falls back to addresses without a word, and so do we', () => {
    const env = { ENABLE_PREFIX_DELEGATION: 'true', WARM_ENI_TARGET: '2' };
    expect(settingsOf(env, false).mode).toEqual({ kind: 'warm-eni', warmEniTarget: 2 });
    const targets = { ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: '4' };
    expect(settingsOf(targets, false).mode.kind).toBe('ip-targets');
  });
});

describe('nobody but us allocates: both switches disable provisioning, before every target', () => {
  test.each(['DISABLE_NETWORK_RESOURCE_PROVISIONING', 'ENABLE_IMDS_ONLY_MODE'])('%s', (name) => {
    const env = { [name]: 'true', WARM_IP_TARGET: '5', ENABLE_PREFIX_DELEGATION: 'true' };
    expect(settingsOf(env).mode).toEqual({ kind: 'provisioning-disabled' });
  });
});

describe('MAX_ENI caps only from 1 up', () => {
  test.each([
    ['2', 2],
    ['1', 1],
    ['0', undefined],
    ['-1', undefined],
    ['all', undefined],
  ])('%j', (text, maxEnis) => {
    expect(settingsOf({ MAX_ENI: text }).maxEnis).toBe(maxEnis);
  });
});

describe('IP_COOLDOWN_PERIOD is in seconds, and 0 is allowed', () => {
  test.each([
    ['0', 0],
    ['60', 60_000],
    ['soon', 30_000],
  ])('%j', (text, ipCooldownMs) => {
    expect(settingsOf({ IP_COOLDOWN_PERIOD: text }).ipCooldownMs).toBe(ipCooldownMs);
  });
});

describe('a switch is what Go reads as a boolean; anything else leaves the default', () => {
  const switches = [
    ['ENABLE_POD_ENI', 'podEni', false],
    ['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG', 'customNetworking', false],
    ['MANAGE_UNTAGGED_ENI', 'manageUntaggedEnis', true],
    ['ENABLE_IPv6', 'ipv6', false],
  ] as const;
  describe.each(switches)('%s', (name, field, byDefault) => {
    test.each(['1', 't', 'T', 'true', 'True', 'TRUE', true])('%j is on', (text) => {
      expect(settingsOf({ [name]: text })[field]).toBe(true);
    });
    test.each(['0', 'f', 'F', 'false', 'False', 'FALSE', false])('%j is off', (text) => {
      expect(settingsOf({ [name]: text })[field]).toBe(false);
    });
    test.each(['', 'yes', 'no', 'on', 'tRUE', ' true', '2'])('%j is neither', (text) => {
      expect(settingsOf({ [name]: text })[field]).toBe(byDefault);
    });
  });
});

describe('settings that cannot be read are a complaint that names the place, never a guess', () => {
  test.each([
    ['env: WARM_ENI_TARGET=2', 'vpc-cni configurationValues'],
    ['[1]', 'vpc-cni configurationValues'],
    ['"text"', 'vpc-cni configurationValues'],
    ['{"env":[]}', 'vpc-cni configurationValues.env'],
    ['{"env":"WARM_ENI_TARGET"}', 'vpc-cni configurationValues.env'],
    ['{"env":{"WARM_ENI_TARGET":{"valueFrom":1}}}', 'vpc-cni configurationValues.env.WARM_ENI_TARGET'],
  ])('%s', (values, field) => {
    expect(complaintOn(values).field).toBe(field);
  });

  test('without the add-on nothing is known, unless the policy states the environment', () => {
    expect(readCniSettings(undefined, aPolicy())).toHaveProperty('complaint.field', 'policy.cniEnv');
    const stated = readCniSettings(undefined, aPolicy({ cniEnv: { WARM_ENI_TARGET: '2' } }));
    expect(stated).toHaveProperty('settings.mode', { kind: 'warm-eni', warmEniTarget: 2 });
  });

  test('the add-on is the truth: the policy does not override it', () => {
    const read = readCniSettings(aCluster().vpcCni, aPolicy({ cniEnv: { WARM_ENI_TARGET: '2' } }));
    expect(read).toHaveProperty('settings.mode', { kind: 'warm-eni', warmEniTarget: 1 });
  });
});
