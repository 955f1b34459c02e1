def test_query(client):
    reply = client.post("/query", json={"query": "MATCH (p:Person) RETURN count(p) AS n"})
    assert reply.status_code == 200, reply.text
    assert reply.json()["rows"] == [[6]]
