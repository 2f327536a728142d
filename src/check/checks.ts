import { judgeCa, judgeCertificate } from './certificate-checks.ts'
import { judgeApi, judgePermissions, judgeVersion } from './cluster-checks.ts'
import type { Facts } from './facts.ts'
import type { Finding } from './finding.ts'
import { judgeInjection } from './injection-check.ts'
import { judgeInstalled, judgeRights, judgeVersions } from './installation-checks.ts'
import { judgeAnswers, judgeImage, judgeLocks, judgeNodes, judgeReach } from './lock-checks.ts'
import { judgeNaps, judgePods } from './pod-checks.ts'
import { judgeBreaker, judgeReachable, judgeRegistered, judgeRunning } from './webhook-checks.ts'

/** One thing that is looked at. */
export interface Check {
  /** Stable: scripts and the documentation name it. */
  readonly id: string
  readonly title: string
  /** Checks without which it makes no sense: where one of them fails, this one is skipped. */
  readonly needs: readonly string[]
  readonly judge: (facts: Facts) => Finding
}

/** A part of usher or its cluster, and what is looked at of it, in that order. */
export interface CheckGroup {
  readonly title: string
  readonly checks: readonly Check[]
}

const api = ['api-reachable']
const installed = ['api-reachable', 'installed']

/** All checks. Each has a section in docs/checks.md, whose anchor is its id. */
export const checkGroups: readonly CheckGroup[] = [
  {
    title: 'Cluster',
    checks: [
      { id: 'api-reachable', title: 'the API server answers', needs: [], judge: judgeApi },
      { id: 'api-version', title: 'its version is supported', needs: api, judge: judgeVersion },
      { id: 'permissions', title: 'all may be looked at', needs: api, judge: judgePermissions },
    ],
  },
  {
    title: 'Installation',
    checks: [
      { id: 'installed', title: 'usher is installed, once and whole', needs: api, judge: judgeInstalled },
      { id: 'usher-rights', title: 'usher has the rights that it needs', needs: installed, judge: judgeRights },
      { id: 'versions', title: 'its parts are of one version', needs: installed, judge: judgeVersions },
    ],
  },
  {
    title: 'Webhook',
    checks: [
      { id: 'webhook-running', title: 'the webhook runs', needs: installed, judge: judgeRunning },
      { id: 'webhook-registered', title: 'the API server knows it', needs: installed, judge: judgeRegistered },
      { id: 'webhook-ca', title: 'the API server trusts a valid CA', needs: ['webhook-registered'], judge: judgeCa },
      { id: 'webhook-certificate', title: 'its certificate is valid and trusted', needs: installed, judge: judgeCertificate },
      { id: 'webhook-reachable', title: 'the API server reaches it', needs: ['webhook-running', 'webhook-registered'], judge: judgeReachable },
      { id: 'injection', title: 'pods keep what it gives them', needs: ['webhook-reachable'], judge: judgeInjection },
      { id: 'breaker', title: 'it does not leave the lock out', needs: ['webhook-running'], judge: judgeBreaker },
    ],
  },
  {
    title: 'Lock',
    checks: [
      { id: 'lock-running', title: 'locks run where they are to', needs: installed, judge: judgeLocks },
      { id: 'lock-on-every-node', title: 'every node has one', needs: installed, judge: judgeNodes },
      { id: 'lock-answers', title: 'locks answer, and are well', needs: installed, judge: judgeAnswers },
      { id: 'lock-reachable', title: 'pods reach the lock of their node', needs: installed, judge: judgeReach },
      { id: 'wait-image', title: 'the image of the init container runs', needs: installed, judge: judgeImage },
    ],
  },
  {
    title: 'Pods',
    checks: [
      { id: 'pods-injected', title: 'pods that are to be injected are', needs: installed, judge: judgePods },
      { id: 'nap-in-shutdown', title: 'naps fit into the shutdown of nodes', needs: installed, judge: judgeNaps },
    ],
  },
]

/** All checks, in order. */
export const checks: readonly Check[] = checkGroups.flatMap((group) => group.checks)
