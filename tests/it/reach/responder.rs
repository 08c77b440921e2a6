//! Something that answers as Prometheus does, and writes down what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub struct Responder {
    pub url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Responder {
    /// Holds one series in each of these clusters; without any, it is empty.
    pub fn new(clusters: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let series = clusters.iter().map(|cluster| {
            format!(r#"{{"metric":{{"cluster":"{cluster}"}},"value":[1795392000,"3"]}}"#)
        });
        let holding = answer("vector", &series.collect::<Vec<_>>().join(","));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (holding, told) = (holding.clone(), Arc::clone(&told));
                std::thread::spawn(move || serve(stream, &holding, &told));
            }
        });
        Self { url, heard }
    }

    /// Heads of all requests so far.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn answer(kind: &str, series: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{series}]}}}}"#)
}

fn serve(mut stream: TcpStream, holding: &str, heard: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let body = if head.contains("/values") {
            r#"{"status":"success","data":[]}"#.to_owned()
        } else if head.contains("cluster") {
            holding.to_owned()
        } else {
            answer("matrix", "")
        };
        heard.lock().unwrap().push(head);
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}
