import { type Asked, valueOf } from '../check/asked.ts'
import type { Finding } from '../check/finding.ts'
import { judgeInstalled, judgeVersions } from '../check/installation-checks.ts'
import type { Installation } from '../check/installation.ts'
import { judgeRegistered, judgeRunning } from '../check/webhook-checks.ts'
import { defaultConfig } from '../config/defaults.ts'
import type { InjectConfig } from '../inject/context.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import type { Asker } from './asker.ts'
import { findParts } from './find-parts.ts'
import { versionIn } from './gather-facts.ts'
import { readConfig } from './gather-parts.ts'

/** The installation of a cluster, as far as a change of a namespace depends on it. */
export interface FoundInstallation {
  readonly installation: Installation
  /** The namespaces in which there is something of it; one, where all is well. Undefined: it cannot be told. */
  readonly namespaces: readonly string[] | undefined
  /** As `usher check` finds it; what is not judged, since something before it is wrong, is left out. */
  readonly findings: readonly Finding[]
  /** Undefined: it cannot be read, and {@link whyNoConfig} says why. */
  readonly config: InjectConfig | undefined
  readonly whyNoConfig: string | undefined
  readonly kubeVersion: KubeVersion | undefined
}

// Which images run where is `usher check`'s to tell.
const notAsked: Asked<never> = { kind: 'failed', message: 'not asked' }

/** Looks for usher. Never throws. */
export async function findInstallation(asker: Asker, chosenNamespace: string | undefined, ownVersion: string): Promise<FoundInstallation> {
  const [parts, version] = await Promise.all([
    findParts(asker, chosenNamespace),
    asker.ask('the version of the API server', () => asker.get('/version')),
  ])
  const { installation, namespaces, webhookConfigurations } = parts
  const config = await asker.ask('the configuration', () => readConfig(installation))
  const facts = { namespaces, installation, webhookConfigurations, chosenNamespace, ownVersion, lockPods: notAsked, webhookPods: notAsked, nodes: notAsked }
  return {
    installation,
    namespaces: valueOf(namespaces),
    findings: findingsOf(facts),
    config: valueOf(config),
    whyNoConfig: config.kind === 'told' ? undefined : config.message,
    kubeVersion: versionIn(version),
  }
}

function findingsOf(facts: Parameters<typeof judgeInstalled>[0] & Parameters<typeof judgeVersions>[0]): readonly Finding[] {
  const installed = judgeInstalled(facts)
  if (facts.installation.deployment === undefined) return [installed]
  return [installed, judgeVersions(facts), judgeRunning(facts), judgeRegistered(facts)]
}

/** What the webhook's decisions are made by; of the default configuration where it is not known. */
export function knownTo({ config, kubeVersion }: FoundInstallation): { readonly config: Asked<InjectConfig>; readonly kubeVersion: KubeVersion | undefined } {
  return { config: { kind: 'told', value: config ?? defaultConfig }, kubeVersion }
}
