import t from 'tap'
import { inState, keepersOf, stateOf, whyNever } from '../../src/enable/namespace-state.ts'
import { nextSteps, questionOf, whyNothing } from '../../src/enable/wish.ts'

const labelled = (value?: string) => ({ metadata: { name: 'shop', labels: { team: 'a', ...(value === undefined ? {} : { 'usher.dev/inject': value }) } } })

t.test('reads a label as the webhook does', async (t) => {
  for (const [value, state] of [[undefined, 'none'], ['enabled', 'enabled'], ['audit', 'audit'], ['disabled', 'disabled'], ['off', 'disabled'], ['true', 'none'], ['Enabled', 'none']] as const) {
    t.equal(stateOf(labelled(value)), state, `${value}`)
  }
  t.equal(stateOf({ metadata: { name: 'bare' } }), 'none')
})

t.test('a namespace as it would be', async (t) => {
  t.strictSame(inState(labelled('audit'), 'enabled'), labelled('enabled'))
  t.strictSame(inState(labelled('audit'), 'none'), labelled())
  t.strictSame(inState({ metadata: { name: 'bare' } }, 'audit'), { metadata: { name: 'bare', labels: { 'usher.dev/inject': 'audit' } } })
})

t.test('where usher is never on', async (t) => {
  t.match(whyNever('kube-system', []), /never on in kube-system/)
  t.match(whyNever('kube-node-lease', []), /never on/)
  t.match(whyNever('usher-here', ['usher-here']), /its own namespace/)
  t.equal(whyNever('usher-system', ['usher-here']), undefined)
})

t.test('who keeps the label, or the namespace, elsewhere', async (t) => {
  const entry = (manager: string, key = 'f:usher.dev/inject') => ({ manager, operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:labels': { [key]: {} } } } })
  const managed = (...managedFields: object[]) => ({ metadata: { name: 'shop', managedFields: managedFields as never } })
  t.strictSame(keepersOf(managed(entry('argocd-controller'), entry('kubectl-label'), entry('usher-enable'))), ['argocd-controller, which has written its label usher.dev/inject'])
  t.strictSame(keepersOf(managed(entry('argocd-controller', 'f:team'))), [])
  t.strictSame(keepersOf({ metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'x' }, labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } } }), ['Argo CD', 'Flux'])
})

t.test('nothing is done where nothing is to be done, and it says so', async (t) => {
  const why = (from: 'enabled' | 'audit' | 'disabled' | 'none', to: typeof from) => whyNothing({ namespace: 'shop', from, to })
  t.match(why('enabled', 'enabled'), /on in namespace shop already.*usher check --only pods-injected/)
  t.match(why('audit', 'audit'), /audit mode already; usher enable shop/)
  t.match(why('none', 'none'), /not on.*--opt-out/)
  t.match(why('disabled', 'none'), /its label opts out, and stays/, 'an opt-out is not taken off by turning off')
  t.match(why('disabled', 'disabled'), /opted out already/)
  for (const [from, to] of [['audit', 'enabled'], ['enabled', 'audit'], ['none', 'disabled'], ['disabled', 'enabled'], ['audit', 'none']] as const) t.equal(why(from, to), undefined, `${from} → ${to}`)
})

t.test('asks for what it does, and says where to look afterwards', async (t) => {
  const wish = (to: 'enabled' | 'audit' | 'disabled' | 'none') => ({ namespace: 'shop', from: 'none', to }) as const
  t.equal(questionOf(wish('enabled')), 'Turn usher on in namespace shop')
  t.match(nextSteps(wish('audit'), [], 'usher-here').join('\n'), /kubectl --namespace usher-here logs [^\n]+'"namespace":"shop"'[^]+usher_webhook_outcomes_total[^]+audit\.usher\.dev\/reasons[^]+usher enable shop/)
  t.match(nextSteps(wish('none'), [], 'x').join(), /opt in by a label of their own/)
})
