import { type Static, Type } from 'typebox'
import { formatSeconds } from '../units/duration.ts'
import { defaultConfig } from './defaults.ts'

/** What stands beside JSON Schema's own words in each key: what is allowed, in words for people. */
export interface KeyDocumentation {
  readonly description: string
  readonly allowed: string
  readonly default: unknown
}

const durationPattern = '^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$'

function duration(seconds: number, allowed: string, description: string) {
  return Type.String({ pattern: durationPattern, maxLength: 32, default: formatSeconds(seconds), allowed, description })
}

function oneOf<const T extends readonly string[]>(values: T, fallback: T[number], description: string) {
  return Type.Unsafe<T[number]>({
    enum: values, default: fallback,
    allowed: `one of ${values.join(', ')}`,
    description,
  })
}

function flag(fallback: boolean, description: string) {
  return Type.Boolean({ default: fallback, allowed: 'true or false', description })
}

function whole(least: number, most: number, fallback: number, description: string) {
  const allowed = `a whole number from ${least} to ${most}`
  return Type.Integer({ minimum: least, maximum: most, default: fallback, allowed, description })
}

function section<T extends Parameters<typeof Type.Object>[0]>(description: string, properties: T) {
  return Type.Partial(Type.Object(properties, { additionalProperties: false, allowed: 'a map', description }), {
    additionalProperties: false,
    allowed: 'a map',
    description,
  })
}

const { nap, lock, limits } = defaultConfig
// The grammar of image references: [host[:port]/]path[:tag][@digest].
const imageHost = '(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?/)?'
const imagePart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const imageTag = '(?::[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127})?'
const imageDigest = '(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,})?'
const imagePattern = `^${imageHost}${imagePart}(?:/${imagePart})*${imageTag}${imageDigest}$`
const namespacePattern = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$'

/** The configuration file. Every key may be left out. */
export const configSchema = section('The configuration file of usher.', {
  systemNamespace: Type.String({
    pattern: namespacePattern,
    default: defaultConfig.systemNamespace,
    allowed: 'the name of a namespace',
    description: 'The namespace in which usher runs. Its pods are never touched, nor are those of kube-system.',
  }),
  nap: section('The preStop sleep. A pod or namespace annotation beats each of these.', {
    enabled: flag(nap.enabled, 'Whether containers nap where no annotation says otherwise.'),
    duration: duration(nap.seconds, 'a duration from 1s to limits.nap', 'How long a container naps; rounded up to seconds.'),
    method: oneOf(
      ['auto', 'native', 'exec'],
      nap.method,
      "How the nap is made: by the kubelet (native, since Kubernetes 1.30), by usher's own binary (exec), or by the better one that the cluster has (auto).",
    ),
  }),
  lock: section('The startup lock of a node. A pod or namespace annotation beats each of its times.', {
    enabled: flag(lock.enabled, 'Whether pods wait for the lock where no annotation says otherwise.'),
    image: Type.String({
      minLength: 1,
      maxLength: 512,
      pattern: imagePattern,
      default: lock.image,
      allowed: 'the name of an image',
      description: "The image of the init container; it holds usher-wait, usher-probe and nap.",
    }),
    imagePullPolicy: oneOf(['Always', 'IfNotPresent', 'Never'], lock.imagePullPolicy, 'When the kubelet pulls that image.'),
    port: whole(1, 65_535, lock.port, "The lock service's TCP port on each node."),
    lease: duration(lock.leaseSeconds, 'a duration from 1s to limits.lockLease', 'How long a pod holds the lock at the most.'),
    maxWait: duration(
      lock.maxWaitSeconds,
      'a duration from 1s to limits.lockMaxWait',
      'How long a pod waits for the lock at the most; then it starts without.',
    ),
    weight: whole(1, 1_000, lock.weight, 'How many permits a pod takes.'),
    position: oneOf(['first', 'last'], lock.position, 'Where among the init containers ours is put when it is added.'),
    runtimeClasses: Type.Array(Type.String({ minLength: 1, maxLength: 253, allowed: 'the name of a RuntimeClass' }), {
      default: [...lock.runtimeClasses],
      allowed: 'a list of names of RuntimeClasses',
      description: 'Runtime classes in which the init container can run. Pods without a class always qualify.',
    }),
    token: flag(
      lock.token,
      'Whether the init container proves by a service account token for the audience usher which pod it is of; for locks with --token-audience=usher.',
    ),
    dependsOn: Type.String({
      maxLength: 8_192,
      default: lock.dependsOn,
      allowed: 'a list as in the annotation usher.dev/depends-on',
      description: 'What pods wait for before they queue for the lock, where neither they nor their namespace say it: service/kube-system/kube-dns, say.',
    }),
  }),
  limits: section('The largest values that an annotation may ask for; beyond them it counts as not there.', {
    nap: duration(limits.napSeconds, 'a duration of at least 1s', 'The longest nap.'),
    lockLease: duration(limits.leaseSeconds, 'a duration of at least 1s', 'The longest lease.'),
    lockMaxWait: duration(
      limits.maxWaitSeconds,
      'a duration of at least 1s',
      "The longest wait. Stay below a Deployment's progressDeadlineSeconds, 600 by default.",
    ),
    lockWeight: whole(1, 1_000, limits.weight, 'The largest weight.'),
    dependsOn: duration(
      limits.dependsOnSeconds,
      'a duration from 1s to 24h',
      'The longest time for which something is waited for that a pod depends on; what asks for more gets this.',
    ),
  }),
})

/** The configuration file as it is read. */
export type ConfigFile = Static<typeof configSchema>

