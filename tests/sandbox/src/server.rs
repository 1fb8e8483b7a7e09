//! HTTP/1.1 on loopback: reads a request, lets it meet its gate and its fault, hands it to its service.

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::answer::{Answer, Refusal, without};
use crate::call::Call;
use crate::fault::Fault;
use crate::iam;
use crate::sigv4;
use crate::state::State;
use crate::sts;

/// Serves until told to stop; open connections are cut.
pub(crate) fn serve(listener: std::net::TcpListener, state: &Arc<State>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be set to not block");
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the socket");
        let mut connections = JoinSet::new();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(stream, state.clone()));
                    }
                }
                _ = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    });
    runtime.shutdown_timeout(Duration::ZERO);
}

/// The connection is to be reset.
#[derive(Debug)]
struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset")
    }
}

impl std::error::Error for Reset {}

async fn connection(stream: tokio::net::TcpStream, state: Arc<State>) {
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
    let socket: Arc<OwnedFd> = Arc::new(socket);
    let of_the_service = socket.clone();
    let service = service_fn(move |request| {
        let (state, socket) = (state.clone(), of_the_service.clone());
        async move {
            let Ok(answer) = handle(request, &state).await;
            answer.ok_or_else(|| {
                // Nothing lingers: closing sends RST.
                let _ = rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
                Reset
            })
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// `None`: no answer at all.
async fn handle(
    request: Request<Incoming>,
    state: &State,
) -> Result<Option<Response<Full<Bytes>>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return Ok(None) };
    let mut parameters: sts::Parameters = form_urlencoded::parse(&body).into_owned().collect();
    let operation = parameters.remove("Action").unwrap_or_default();
    let claimed = sigv4::claimed(&parts);
    state.faults.pass(&operation).await;
    let answer = meet(&operation, &parameters, &parts, &body, state);
    parameters.remove("Version");
    if parameters.contains_key("TokenCode") {
        parameters.insert("TokenCode".into(), "******".into());
    }
    let call = Call {
        operation,
        parameters,
        signer: claimed.as_ref().map(|(signer, _)| signer.clone()),
        region: claimed.map(|(_, region)| region),
        status: answer.as_ref().map_or(0, |answer| answer.status),
        error: answer.as_ref().and_then(|answer| answer.error.clone()),
        issued: answer.as_ref().and_then(|answer| answer.issued.clone()),
    };
    state.log.add(call);
    Ok(answer.map(|answer| {
        Response::builder()
            .status(answer.status)
            .header("content-type", answer.content_type)
            .header("x-amzn-requestid", crate::identity::request_id())
            .body(Full::from(answer.body))
            .expect("the headers are plain")
    }))
}

/// The answer after the fault that lies in wait, if any.
fn meet(
    operation: &str,
    parameters: &sts::Parameters,
    parts: &Parts,
    body: &[u8],
    state: &State,
) -> Option<Answer> {
    let right = || {
        // Both services speak the query protocol; the version tells them apart.
        let answered = if parameters.get("Version").is_some_and(|version| version == iam::VERSION) {
            sigv4::verify(parts, body, "iam", state)
                .and_then(|signer| iam::answer(operation, parameters, &signer, state))
        } else {
            sigv4::verify(parts, body, "sts", state)
                .and_then(|signer| sts::answer(operation, parameters, &signer, state))
        };
        answered.unwrap_or_else(|refusal| refusal.answer())
    };
    met(state.faults.next(operation).unwrap_or(Fault::None), &right)
}

fn met(fault: Fault, right: &dyn Fn() -> Answer) -> Option<Answer> {
    match fault {
        Fault::None => Some(right()),
        Fault::Late(fault) => {
            let answer = right();
            met(*fault, &|| answer.clone())
        }
        Fault::Reset => None,
        Fault::Error { status, code, message } => Some(Refusal::new(status, &code, message).answer()),
        Fault::Html(status) => Some(Answer {
            status,
            content_type: "text/html",
            body: "<html><head><title>Sign in</title></head><body>Captive portal</body></html>".into(),
            error: None,
            issued: None,
        }),
        Fault::Malformed => {
            let right = right();
            let half = right.body.len() / 2;
            Some(Answer { body: right.body[..half].to_owned(), ..right })
        }
        Fault::Missing(element) => {
            let right = right();
            Some(Answer { body: without(&right.body, &element), ..right })
        }
    }
}
