# Lätt svenska: korta meningar, vanliga ord.

knock =
    .title = Medverka
    .body = Du har något nytt att läsa. Öppna appen.

consent-expiring =
    .title = Ett val tar snart slut
    .body = Du har gjort ett val om { $study }. Valet tar slut om högst två veckor. Vill du fortsätta? Välj då på nytt. Annars slutar det av sig självt.

consent-ended =
    .title = Ett val har tagit slut
    .body = Ditt val om { $study } gäller inte längre. Vi samlar inte in mer. Ingen använder mer.

consent-to-review =
    .title = Vi har en fråga till dig
    .body = Något har ändrats i { $study }. Läs vad som är nytt. Välj sedan igen.

study-joined =
    .title = Du är med
    .body = Du är nu med i { $study }. Du kan sluta när du vill.

study-left =
    .title = Du har slutat
    .body = Du är inte längre med i { $study }.

donations-unused =
    .title = Ingen använder dina mätningar
    .body = Ingen använder längre det du har gett. Om 90 dagar tar vi bort det. Vill du spara det? Då kan du välja det i appen. Du kan också hämta en egen kopia.

donations-erased =
    .title = Vi har tagit bort dina mätningar
    .body = Ingen har använt dem på 90 dagar. Därför har vi tagit bort dem. Ditt konto finns kvar.

hold-placed =
    .title = Dina uppgifter får inte användas nu
    .body = Dataskyddsombudet har bestämt det. Vi tar inte bort något under tiden.

hold-lifted =
    .title = Dina uppgifter får användas igen
    .body = Det är slut på begränsningen. Dina val är som förut.

login-added =
    .title = Någon loggade in på ett nytt sätt
    .body = Var det du? Då behöver du inte göra något. Var det inte du? Logga ut överallt. Berätta för oss.

signed-out =
    .title = Du är utloggad överallt
    .body = Alla dina enheter är utloggade. Logga in igen som vanligt.

device-added =
    .title = En ny telefon eller dator
    .body = Appen används nu på en till. Var det inte du? Logga ut överallt. Berätta för oss.

survey-due =
    .title = Du har fått frågor
    .body = { $study } har några frågor till dig. Du väljer om du vill svara.

survey-reminder =
    .title = Frågor väntar på dig
    .body = { $study } har frågor till dig. Du kan svara än, om du vill.

safety-notice =
    .title = Viktigt om din säkerhet
    .body = Det här gäller din säkerhet i { $study }. Läs det nu. Fråga oss om du inte förstår.

breach-notice =
    .title = Andra kan ha sett dina uppgifter
    .body = Något har hänt med uppgifter i { $study }. Det kan gälla dig. Läs vad som har hänt. Läs vad du kan göra.

message-received =
    .title = Du har fått ett meddelande
    .body = De som arbetar med { $study } har skrivit till dig. Du kan läsa det och svara.

source-silent =
    .title = En av dina mätare är tyst
    .body = Det har inte kommit några värden på några dagar. I appen ser du varför.

answer-unseen =
    .title = Ingen har läst ditt svar
    .body = Någon skulle ha läst ett av dina svar i { $study }. Det har ingen gjort. Ring 1177 om du behöver råd. Ring 112 om det är bråttom.

email-code =
    .title = Bekräfta din e-post
    .body = Någon har skrivit den här adressen i appen Medverka. Är det du? Skriv då { $code } i appen inom en timme. Är det inte du? Då behöver du inte göra något.
