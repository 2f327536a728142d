import { defaultConfig } from '../../config/defaults.ts'
import { defaultEnvoyImage } from '../../job/render/envoy.ts'
import type { RenderOptions } from '../../job/rendered.ts'
import { type Flag, type FlagValues, readKubeVersion, UsageError } from '../command.ts'

/** The flags that say what of a cluster a job file cannot know. */
export const renderFlags = {
  'shared-storage-class': { type: 'string', value: 'CLASS', help: 'class of volumes that several nodes may write at once, for shared volumes that name none' },
  gateway: { type: 'string', value: 'NAMESPACE/NAME', help: 'Gateway that exposed jobs are led to by; else an Ingress is made' },
  'ingress-class': { type: 'string', value: 'CLASS', help: "class of the Ingress; else the cluster's" },
  domain: { type: 'string', value: 'DOMAIN', help: 'exposed jobs have JOB.DOMAIN as an alias of their host' },
  'wait-image': { type: 'string', value: 'IMAGE', help: `image with usher-probe, for checks of exactly 200 (default ${defaultConfig.lock.image})` },
  'envoy-image': { type: 'string', value: 'IMAGE', help: `image of \`sidecar: envoy\` (default ${defaultEnvoyImage})` },
} as const satisfies Record<string, Flag>

/** What can be said about a cluster by {@link renderFlags}; what the cluster itself tells, such as its version, is left out. */
export type SaidOptions = Omit<RenderOptions, 'namespace' | 'minor' | 'waitImage'> & { readonly waitImage?: string }

/**
 * Reads the flags of {@link renderFlags}.
 *
 * @throws {UsageError}
 */
export function readSaidOptions(values: FlagValues): SaidOptions {
  const gateway = read(values, 'gateway', /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-a-z0-9.]*$/, 'NAMESPACE/NAME')
  const options = {
    sharedStorageClass: read(values, 'shared-storage-class', objectName, 'the name of a class'),
    gateway,
    ingressClass: read(values, 'ingress-class', objectName, 'the name of a class'),
    domain: read(values, 'domain', objectName, 'a domain'),
    waitImage: read(values, 'wait-image', /^\S+$/, 'the name of an image'),
    envoyImage: read(values, 'envoy-image', /^\S+$/, 'the name of an image'),
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

// A DNS subdomain (RFC 1123).
const objectName = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/

function read(values: FlagValues, name: keyof typeof renderFlags, form: RegExp, what: string): string | undefined {
  const text = values.text(name)
  if (text !== undefined && !form.test(text)) throw new UsageError(`--${name}: ${JSON.stringify(text)} is not ${what}`)
  return text
}

/**
 * The options of a rendering that asks no cluster.
 *
 * @throws {UsageError}
 */
export function readRenderOptions(values: FlagValues, namespace: string): RenderOptions {
  const minor = readKubeVersion(values, 'kube-version')?.minor
  return { waitImage: defaultConfig.lock.image, ...readSaidOptions(values), namespace, ...(minor === undefined ? {} : { minor }) }
}
