import t from 'tap'
import { rejectionWords } from '../../src/why/rejection-words.ts'

t.test('why the API server takes no pod, in plain words', async (t) => {
  const pod = 'pods "web-7d9f8-x2k4d" is forbidden: '
  const cases: readonly (readonly [string, string, RegExp | string])[] = [
    [`Error creating: ${pod}exceeded quota: compute, requested: requests.memory=1Gi, used: requests.memory=4Gi, limited: requests.memory=4Gi`, 'Quota', 'one more pod would exceed the quota compute of the namespace (requested: requests.memory=1Gi, used: requests.memory=4Gi, limited: requests.memory=4Gi)'],
    [`${pod}failed quota: compute: must specify limits.memory for: web`, 'Quota', 'the quota compute of the namespace wants each container to say limits.memory for: web'],
    [`${pod}violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set …)`, 'PodSecurity', /^Pod Security of the namespace does not allow it: "restricted:latest": allowPrivilegeEscalation/],
    ['admission webhook "policy.example.com" denied the request: no latest tags', 'WebhookDenied', 'the admission webhook policy.example.com denies it: no latest tags'],
    ['Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post "https://policy.svc:443/": dial tcp: connect: connection refused', 'WebhookFailed', /^the admission webhook policy.example.com cannot be asked.*connection refused$/],
    [`${pod}error looking up service account shop/web: serviceaccount "web" not found`, 'ServiceAccount', 'there is no ServiceAccount web'],
    [`${pod}maximum memory usage per Container is 1Gi, but limit is 2Gi`, 'LimitRange', 'a LimitRange of the namespace does not allow it: maximum memory usage per Container is 1Gi, but limit is 2Gi'],
    [`${pod}unable to create new content in namespace shop because it is being terminated`, 'NamespaceEnds', 'its namespace is being deleted'],
    ["pods \"web\" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'all' denied request: no root", 'Policy', /^the policy no-root denies it/],
    ['Pod "web" is invalid: spec.containers[0].name: Required value', 'Invalid', /Required value/],
    ['something else', 'Rejected', 'something else'],
  ]
  for (const [message, reason, words] of cases) {
    const found = rejectionWords(message)
    t.equal(found.reason, reason, message)
    t.match(found.words, words)
    t.not(found.next, '')
  }
})
