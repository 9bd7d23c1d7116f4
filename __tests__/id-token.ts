/** An identity token for Sigstore, as a job asks its runner for one. */
export async function requestIdToken(env: Record<string, string>): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer = '' } =
    env
  const headers = { authorization: `Bearer ${bearer}` }
  const answer = await fetch(`${url}&audience=sigstore`, { headers })
  return ((await answer.json()) as { value: string }).value
}
